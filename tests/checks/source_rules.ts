/**
 * Rules for the text of source files that neither the compiler nor the linter knows.
 *
 * @module
 */

import type { Check } from "./check.ts";
import { readSourceFiles, type SourceFile } from "./source_files.ts";

const MAX_LINES = 250;

/** Written by programs, and never read line by line. */
const GENERATED = new Set(["supabase/functions/_shared/database.types.ts", "docs/schema.sql"]);

const CODE = [".ts", ".tsx", ".js", ".mjs", ".sql"];

interface TextRule {
  readonly pattern: RegExp;
  readonly problem: string;
}

/** Written so that none of them matches this file. */
const FORBIDDEN: readonly TextRule[] = [
  { pattern: /\b(?:TO[D]O|FIX[M]E|XX[X])\b/, problem: "is left to be done" },
  // Not @ts-expect-error: a test of types needs it, and it fails once there is nothing to expect.
  { pattern: /@ts-(?:[i]gnore|[n]ocheck)/, problem: "silences the compiler" },
  { pattern: /deno-lint-[i]gnore/, problem: "silences the linter" },
  { pattern: /\bas any\b|[:<]\s*any\b/, problem: "gives up types" },
  { pattern: /\bignore: [t]rue|\bonly: [t]rue|\.(?:only|skip|todo)\(/, problem: "skips a test" },
];

export const sourceRules: Check = {
  name: "source rules",
  run: async () => (await readSourceFiles({ extensions: CODE })).flatMap(judgeSource),
};

/** What is wrong with one file. */
export function judgeSource({ path, text }: SourceFile): readonly string[] {
  if (GENERATED.has(path)) return [];
  const lines = text.replace(/\n$/, "").split("\n");
  const tooLong = lines.length > MAX_LINES
    ? [`${path} is longer than ${MAX_LINES} lines: ${lines.length}`]
    : [];
  const forbidden = lines.flatMap((line, index) =>
    FORBIDDEN
      .filter(({ pattern }) => pattern.test(line) && !isSentence(line))
      .map(({ problem }) => `${path}:${index + 1} ${problem}: ${line.trim()}`)
  );
  return [...tooLong, ...forbidden];
}

/** "… to any other" in a comment speaks of no type. */
function isSentence(line: string): boolean {
  return /^\s*(?:\*|\/\/|--).*[:<]\s*any\b/.test(line);
}
