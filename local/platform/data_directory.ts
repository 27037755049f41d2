/**
 * The directory that a local project lives in, held by one process at a time. The lock is the
 * operating system's, so it is gone with its process, however that went.
 *
 * @module
 */
import { resolve } from "node:path";
import { StackError } from "./stack_error.ts";

/** A data directory that this process holds. */
export interface DataDirectory extends Disposable {
  readonly path: string;
  /** Where the database cluster is. */
  readonly cluster: string;
  /** Where the secrets are. */
  readonly secrets: string;
  /** The database server's log. */
  readonly log: string;
}

/** The files of a data directory, all that `deno task reset` removes. */
export function filesOf(path: string): Pick<DataDirectory, "cluster" | "secrets" | "log"> {
  return {
    cluster: `${path}/postgres`,
    secrets: `${path}/secrets.json`,
    log: `${path}/postgres.log`,
  };
}

/** Makes the directory if there is none and takes hold of it. @throws {StackError} if another has it */
export async function holdDataDirectory(given: string): Promise<DataDirectory> {
  const path = resolve(given);
  await Deno.mkdir(path, { recursive: true, mode: 0o755 });
  const lock = await Deno.open(`${path}/lock`, { create: true, read: true, write: true });
  if (!await lock.tryLock(true)) {
    lock.close();
    const holder = (await Deno.readTextFile(`${path}/lock`)).trim();
    throw new StackError(
      `The local stack already runs on ${path} (process ${holder}): stop it first`,
    );
  }
  await lock.truncate();
  await lock.write(new TextEncoder().encode(`${Deno.pid}\n`));
  return { path, ...filesOf(path), [Symbol.dispose]: () => lock.close() };
}
