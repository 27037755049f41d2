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

/** For all checkouts: the same sources make the same, and nothing that a test may be using is replaced. */
const KEPT = `${Deno.env.get("XDG_CACHE_HOME") ?? `${homedir()}/.cache`}/unified-auth-tests`;

/** Longer than a run of all tests, which may be using the build of before in another checkout. */
const UNUSED_FOR_MS = 3_600_000;

/** The versions of the packages that build: esbuild, TypeScript. */
const IMPORT_MAP = `${PROJECT}/import_map.json`;

/** Answers the directory of a build, to be read only. */
export async function openKeptBuild({ name, sources, build }: Recipe): Promise<string> {
  return await keep(name, { key: await hashFiles([IMPORT_MAP, ...sources]), make: build });
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
  return await keep(name, { key: version, make: unpack });
}

async function keep(
  name: string,
  { key, make }: {
    readonly key: string;
    readonly make: (directory: string) => Promise<void>;
  },
): Promise<string> {
  const folder = `${KEPT}/${name}`;
  await Deno.mkdir(folder, { recursive: true });
  const directory = `${folder}/${key}`;
  // The test of another file may be about to make the same.
  using _lock = await lock(directory);
  if (await lastUse(directory) === undefined) {
    // Nothing, or as much as a killed run has made of it.
    await Deno.remove(directory, { recursive: true }).catch(missing);
    await Deno.mkdir(directory);
    await make(directory);
    await forgetUnused(folder);
  }
  await Deno.writeTextFile(usedMark(directory), "");
  return directory;
}

/** Beside a directory that is complete; its time is that of the last use. */
const usedMark = (directory: string): string => `${directory}.used`;

async function lastUse(directory: string): Promise<Date | null | undefined> {
  return (await Deno.stat(usedMark(directory)).catch(missing))?.mtime;
}

async function lock(directory: string): Promise<Disposable> {
  const file = await Deno.open(`${directory}.lock`, { create: true, write: true });
  await file.lock(true);
  return file;
}

async function forgetUnused(folder: string): Promise<void> {
  const isUnused = async (directory: string) =>
    (await lastUse(directory) ?? new Date()).getTime() < Date.now() - UNUSED_FOR_MS;
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const directory = `${folder}/${name}`;
    if (!isDirectory || !await isUnused(directory)) continue;
    using _lock = await lock(directory);
    if (!await isUnused(directory)) continue;
    await Deno.remove(usedMark(directory));
    await Deno.remove(directory, { recursive: true });
  }
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
  return hash.digest("hex").slice(0, 16);
}

function missing(thrown: unknown): undefined {
  if (!(thrown instanceof Deno.errors.NotFound)) throw thrown;
}
