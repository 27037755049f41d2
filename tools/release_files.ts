/**
 * The files of the project that name its version, and the changelog's section of a release.
 *
 * @module
 */

import { Misuse } from "./misuse.ts";

const UNRELEASED = "## Unreleased\n";

/** Where the version is written, each with its only occurrence. */
const VERSION_FILES = [
  { path: "client/package.json", pattern: /(?<="version": ")[^"]+(?=")/ },
  { path: "supabase/functions/_shared/version.ts", pattern: /(?<=VERSION = ")[^"]+(?=")/ },
] as const;

/**
 * Gives what is unreleased a version and a date.
 *
 * @throws {Misuse} If nothing is unreleased
 */
export function openRelease(
  changelog: string,
  { version, date }: { readonly version: string; readonly date: string },
): string {
  const [head = "", ...sections] = changelog.split(/^(?=## )/m);
  const [unreleased = "", ...released] = sections;
  const entries = unreleased.slice(UNRELEASED.length).trim();
  if (!unreleased.startsWith(UNRELEASED) || entries === "") {
    throw new Misuse("CHANGELOG.md says nothing under 'Unreleased'");
  }
  return [
    head,
    UNRELEASED,
    `\n## ${version} (${date})\n\n${entries}\n`,
    ...released.map((section) => `\n${section.trimEnd()}\n`),
  ].join("");
}

/** The version as each file names it. */
export async function readVersions(directory: string): Promise<Readonly<Record<string, string>>> {
  const versions = await Promise.all(VERSION_FILES.map(async ({ path, pattern }) => {
    const [version = ""] = pattern.exec(await Deno.readTextFile(`${directory}/${path}`)) ?? [];
    return [path, version] as const;
  }));
  return Object.fromEntries(versions);
}

export async function writeVersion(directory: string, version: string): Promise<void> {
  for (const { path, pattern } of VERSION_FILES) {
    const text = await Deno.readTextFile(`${directory}/${path}`);
    await Deno.writeTextFile(`${directory}/${path}`, text.replace(pattern, version));
  }
}
