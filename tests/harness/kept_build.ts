/**
 * Builds and programs that take long to make and depend on nothing but files are made again when these
 * have changed, and kept for later runs: outside the checkout, because a build must see none of its
 * packages.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { homedir } from "node:os";
import { PROJECT } from "../checks/check.ts";

export interface Recipe {
  readonly name: string;
  /** Files and directories that decide what is made. */
  readonly sources: readonly string[];
  /** Makes it in an empty directory, where it stays. */
  readonly build: (directory: string) => Promise<void>;
}

/** A program that no checkout changes is kept once for all of them. */
const KEPT = `${Deno.env.get("XDG_CACHE_HOME") ?? `${homedir()}/.cache`}/unified-auth-tests`;

/** Of this checkout, so that no other one replaces what a test here is using. */
const KEPT_BUILDS = `${KEPT}/${createHash("sha256").update(PROJECT).digest("hex").slice(0, 12)}`;

/** The versions of the packages that build: esbuild, TypeScript. */
const IMPORT_MAP = `${PROJECT}/import_map.json`;

/** Answers the directory of a build, to be read only. */
export async function openKeptBuild({ name, sources, build }: Recipe): Promise<string> {
  const key = await hashFiles([IMPORT_MAP, ...sources]);
  return await keep(`${KEPT_BUILDS}/${name}`, { key, make: build });
}

/** Answers the directory of a program that is unpacked once for each version, to be read only. */
export async function openKeptProgram(
  { name, version, unpack }: {
    readonly name: string;
    readonly version: string;
    /** Fills an empty directory, where the program stays. */
    readonly unpack: (directory: string) => Promise<void>;
  },
): Promise<string> {
  return await keep(`${KEPT}/${name}-${version}`, { key: version, make: unpack });
}

/** A directory that a killed run has left has no key beside it, and is made anew. */
async function keep(
  directory: string,
  { key, make }: {
    readonly key: string;
    readonly make: (directory: string) => Promise<void>;
  },
): Promise<string> {
  await Deno.mkdir(directory.slice(0, directory.lastIndexOf("/")), { recursive: true });
  // The test of another file may be about to make the same.
  using lock = await Deno.open(`${directory}.lock`, { create: true, write: true });
  await lock.lock(true);
  const madeOf = `${directory}.made-of`;
  if (await Deno.readTextFile(madeOf).catch(missing) === key) return directory;
  await Deno.remove(madeOf).catch(missing);
  await Deno.remove(directory, { recursive: true }).catch(missing);
  await Deno.mkdir(directory);
  await make(directory);
  await Deno.writeTextFile(madeOf, key);
  return directory;
}

async function hashFiles(paths: readonly string[]): Promise<string> {
  const hash = createHash("sha256");
  const add = async (path: string): Promise<void> => {
    hash.update(`${path.slice(path.lastIndexOf("/") + 1)}\n`);
    if ((await Deno.stat(path)).isFile) return void hash.update(await Deno.readFile(path));
    const names = (await Array.fromAsync(Deno.readDir(path))).map(({ name }) => name);
    for (const name of names.toSorted()) await add(`${path}/${name}`);
    hash.update("\n");
  };
  for (const path of paths) await add(path);
  return hash.digest("hex");
}

function missing(thrown: unknown): undefined {
  if (!(thrown instanceof Deno.errors.NotFound)) throw thrown;
}
