/**
 * The record of a run: `docs/client-scoreboard.json`, from which the page is written. It holds what
 * was measured and of which versions, and no words.
 *
 * @module
 */

import type { Contestant } from "./contestant.ts";
import type { EngineRecord, OtherEngine } from "./other_engines.ts";
import type { Measurement } from "./scoreboard.ts";

export interface ScoreboardRecord {
  /** Of the browser. */
  readonly chromium: string;
  readonly contestants: Readonly<Record<string, ContestantRecord>>;
  /** By scenario, then by contestant. */
  readonly rows: Readonly<Record<string, Readonly<Record<string, Measurement>>>>;
  /** Our client in the other engines. */
  readonly engines: Readonly<Record<OtherEngine, EngineRecord>>;
}

export interface ContestantRecord {
  /** By package. */
  readonly versions: Readonly<Record<string, string>>;
  readonly gzipBytes: number;
}

const PROJECT = new URL("../../", import.meta.url);
export const RECORD = new URL("docs/client-scoreboard.json", PROJECT);
export const DOCUMENT = new URL("docs/client-scoreboard.md", PROJECT);

export async function readRecord(): Promise<ScoreboardRecord> {
  return JSON.parse(await Deno.readTextFile(RECORD));
}

/** The versions of a contestant's packages that `import_map.json` pins. */
export async function readVersions(
  { packages }: Contestant,
): Promise<Readonly<Record<string, string>>> {
  const { imports, scopes }: {
    imports: Record<string, string>;
    scopes: Record<string, Record<string, string>>;
  } = JSON.parse(await Deno.readTextFile(new URL("import_map.json", PROJECT)));
  const pinned = { ...imports, ...scopes["./bench/"] };
  return Object.fromEntries(
    packages.map((name) => [name, (pinned[name] ?? "").replace(`npm:${name}@`, "")]),
  );
}

/** As `deno fmt` leaves a file of the project. */
export async function format(text: string, extension: "json" | "md"): Promise<string> {
  const process = new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--quiet", `--ext=${extension}`, "-"],
    cwd: PROJECT,
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = process.stdin.getWriter();
  await writer.write(new TextEncoder().encode(text));
  await writer.close();
  const { success, stdout } = await process.output();
  if (!success) throw new Error(`Cannot format ${extension}`);
  return new TextDecoder().decode(stdout);
}
