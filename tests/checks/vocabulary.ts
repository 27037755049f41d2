/**
 * One vocabulary: private words for things that have a standard name are refused in code, comments and
 * documents. A released migration is left as it is.
 *
 * @module
 */

import type { Check } from "./check.ts";
import { readSourceFiles, type SourceFile } from "./source_files.ts";

interface Replacement {
  readonly word: RegExp;
  readonly standard: string;
}

/** Matched within identifiers too, where a capital begins a word. */
const REPLACEMENTS: readonly Replacement[] = [
  { word: /(?:\b[dD]|D)oors?(?![a-z])/, standard: "emulator, gateway or entry" },
  { word: /(?:\b[wW]|W)orlds?(?![a-z])/, standard: "fixture, harness or environment" },
  { word: /(?:\b[fF]|F)leets?(?![a-z])/, standard: "tabs" },
  { word: /(?:\b[vV]|V)erdicts?(?![a-z])/, standard: "result or the server's answer" },
  { word: /(?:\b[dD]|D)oubts?(?![a-z])/, standard: "unverified, degraded or the last failure" },
  { word: /\bwish(?:es|ed)?\b|Wish(?![a-z])/, standard: "request" },
  { word: /(?:\b[aA]|A)skers?(?![a-z])/, standard: "caller" },
  { word: /(?:\b[tT]|T)orn(?![a-z])/, standard: "mismatched" },
  { word: /\b[aA]doption\b|Adoption(?![a-z])/, standard: "sync" },
  { word: /\breckon(?:s|ed|ing)?\b/i, standard: "compute" },
  { word: /\b(?:be)?sieg(?:e|ed|ers?)\b/i, standard: "distributed password guessing" },
  { word: /(?:\b[dD]|D)eeds?(?![a-z])/, standard: "scenario or action" },
  { word: /\bwhoever\b/i, standard: "callers that …, the process that …" },
  { word: /\bfor ever\b/i, standard: "forever" },
  { word: /\bat the most\b/i, standard: "at most" },
  { word: /\bthe one place\b/i, standard: "only" },
  { word: /\b(?:put off|gone over)\b/i, standard: "deferred, read again" },
  { word: /\b[Ii]t must not know\b/, standard: "a rule of layers.ts" },
];

const TEXTS = [".ts", ".tsx", ".js", ".mjs", ".md", ".html", ".css"];

/** This list names the words themselves. */
const NAMES_THEM = new Set(["tests/checks/vocabulary.ts", "tests/checks/vocabulary_test.ts"]);

export const vocabulary: Check = {
  name: "vocabulary",
  run: async () => {
    const files = await readSourceFiles({ extensions: TEXTS });
    return files.filter(({ path }) => !NAMES_THEM.has(path)).flatMap(judgeVocabulary);
  },
};

/** Which lines use a private word. */
export function judgeVocabulary({ path, text }: SourceFile): readonly string[] {
  return text.split("\n").flatMap((line, index) =>
    REPLACEMENTS.filter(({ word }) => word.test(line)).map(({ word, standard }) =>
      `${path}:${index + 1} says "${word.exec(line)?.[0]}" for ${standard}: ${line.trim()}`
    )
  );
}
