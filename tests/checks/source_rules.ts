/**
 * Rules for the text of source files that neither the compiler nor the linter knows.
 *
 * @module
 */

import type { Check } from "./check.ts";
import { readSourceFiles, type SourceFile } from "./source_files.ts";

/** A boundary is drawn by a concept, not by a number: a longer file is named, and fails nothing. */
const LONG_FILE_LINES = 400;

/** Written by programs, and never read line by line. */
const GENERATED = new Set([
  "supabase/functions/_shared/store/database.types.ts",
  "docs/schema.sql",
]);

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
  { pattern: /^(?=.{121})\s*(?:\/?\*|\/\/)/, problem: "is a comment of more than 120 characters" },
  { pattern: /\bignore: [t]rue|\bonly: [t]rue|\.(?:only|skip|todo)\(/, problem: "skips a test" },
];

export const sourceRules: Check = {
  name: "source rules",
  run: async () => {
    const files = await readSourceFiles({ extensions: CODE });
    for (const { path, lines } of files.flatMap(longFile)) {
      console.warn(`${path} has ${lines} lines: is it still one concept?`);
    }
    return files.flatMap(judgeSource);
  },
};

/** The file with its length, if that is worth a look. */
export function longFile({ path, text }: SourceFile): readonly { path: string; lines: number }[] {
  const lines = linesOf(text).length;
  return lines > LONG_FILE_LINES && !GENERATED.has(path) ? [{ path, lines }] : [];
}

/** The problems of one file. */
export function judgeSource({ path, text }: SourceFile): readonly string[] {
  if (GENERATED.has(path)) return [];
  const lines = linesOf(text);
  return lines.flatMap((line, index) =>
    FORBIDDEN
      .filter(({ pattern }) => pattern.test(line) && !isSentence(line))
      .map(({ problem }) => `${path}:${index + 1} ${problem}: ${line.trim()}`)
  );
}

/** "… to any other" in a comment speaks of no type. */
function isSentence(line: string): boolean {
  return /^\s*(?:\*|\/\/|--).*[:<]\s*any\b/.test(line);
}

function linesOf(text: string): readonly string[] {
  return text.replace(/\n$/, "").split("\n");
}
