/**
 * Callers without a page, installed from their folders here as their developers would, with the client's
 * package as npm makes it.
 *
 * @module
 */

import { untilServed } from "../apps/app.ts";
import { installApp, run } from "../package/packed_client.ts";

export interface Platform {
  readonly directory: string;
  /** The only file of this path in the packages of a scope, whose names differ by operating system. */
  binary(scope: string, path: string): Promise<string>;
}

export interface Platforms extends AsyncDisposable {
  /** By the name of a folder here. */
  install(name: string): Promise<Platform>;
}

export function openPlatforms(): Platforms {
  const copies = new AsyncDisposableStack();
  return {
    async install(name) {
      const folder = new URL(name, import.meta.url);
      const { scripts } = JSON.parse(await Deno.readTextFile(`${folder.pathname}/package.json`));
      const installed = await installApp(folder, { isBuilt: scripts?.build !== undefined });
      // A copy, because some of them write beside themselves; not of the packages, which may be 150 MB.
      const directory = await Deno.makeTempDir({ prefix: "unified-auth-platform-" });
      copies.defer(() => Deno.remove(directory, { recursive: true }));
      await run("cp", ["-R", `${folder.pathname}/.`, directory], directory);
      await Deno.symlink(`${installed}/node_modules`, `${directory}/node_modules`);
      return {
        directory,
        binary: (scope, path) => findBinary(`${directory}/node_modules/${scope}`, path),
      };
    },
    [Symbol.asyncDispose]: () => copies.disposeAsync(),
  };
}

async function findBinary(packages: string, path: string): Promise<string> {
  for await (const { name } of Deno.readDir(packages)) {
    const file = `${packages}/${name}/${path}`;
    if (await Deno.stat(file).catch(() => null)) return file;
  }
  throw new Error(`No package in ${packages} has ${path}`);
}

export interface ProgramEnd {
  readonly code: number;
  readonly printed: string;
  readonly complained: string;
}

/** Long for a program that a leftover timer keeps alive, and no more than a busy machine needs. */
const LONGEST_RUN_MS = 20_000;

/** Runs a program until it ends without a signal. @throws {Error} If it does not */
export async function runProgram(
  [command = "", ...args]: readonly string[],
  { cwd, env }: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
): Promise<ProgramEnd> {
  const { code, signal, stdout, stderr } = await new Deno.Command(command, {
    args,
    cwd,
    env: { ...env, NO_COLOR: "1" },
    stdin: "null",
    signal: AbortSignal.timeout(LONGEST_RUN_MS),
  }).output();
  const [printed = "", complained = ""] = [stdout, stderr]
    .map((bytes) => new TextDecoder().decode(bytes));
  if (signal !== null) throw new Error(`Never ended: ${command} ${args.join(" ")}\n${complained}`);
  return { code, printed: printed.trim(), complained };
}

export interface Served extends AsyncDisposable {
  readonly url: string;
  /** Ends the program, and answers what it wrote to its errors. */
  complaints(): Promise<string>;
}

/** Starts a program that answers at `url`, and resolves once it does. */
export async function serveProgram(
  [command = "", ...args]: readonly string[],
  { cwd, env, url }: {
    readonly cwd: string;
    readonly env: Readonly<Record<string, string>>;
    readonly url: string;
  },
): Promise<Served> {
  const child = new Deno.Command(command, {
    args,
    cwd,
    env: { ...env, NO_COLOR: "1" },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const written = new Response(child.stderr).text();
  let ending: Promise<string> | undefined;
  const complaints = (): Promise<string> =>
    ending ??= (async () => {
      child.kill("SIGTERM");
      await child.status;
      return await written;
    })();
  await using started = new AsyncDisposableStack();
  started.defer(async () => void await complaints());
  await untilServed(url);
  const kept = started.move();
  return { url, complaints, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}
