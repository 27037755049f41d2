/**
 * One vocabulary: private words for things that have a standard name are refused in code, comments,
 * documents, identifiers and file names. A released migration is left as it is.
 *
 * @module
 */

import type { Check } from "./check.ts";
import { readSourceFiles, type SourceFile } from "./source_files.ts";

interface Replacement {
  readonly word: RegExp;
  readonly standard: string;
  /** Where else than everywhere the word is private. */
  readonly only?: RegExp;
}

/**
 * Matched in each line as it is written and with its identifiers taken apart, so that `\btold\b` is
 * also found in `wasTold`, `TOLD_AT` and `told_test.ts`.
 */
const REPLACEMENTS: readonly Replacement[] = [
  { word: /\bdoors?\b/i, standard: "emulator, gateway or entry" },
  { word: /\bworlds?\b/i, standard: "fixture, harness or environment" },
  { word: /\bfleets?\b/i, standard: "tabs" },
  { word: /\bverdicts?\b/i, standard: "result or the server's answer" },
  { word: /\bdoubt(?:s|ed|ful)?\b/i, standard: "unverified, degraded or the last failure" },
  { word: /\bwish(?:es|ed)?\b/i, standard: "request" },
  // Work that is done "on demand" is.
  { word: /(?<!\bon )\bdemand(?:s|ed|ing)?\b/i, standard: "request or require" },
  {
    word: /\baskers?\b|\bask(?:s|ed|ing)? (?:nobody|no one)\b/i,
    standard: "caller, sends no request",
  },
  // People are asked for things and to do things; a server is called.
  {
    word: /\b(?:is|are|was|were|be|been|being) asked\b(?! for\b| to\b|$)/i,
    standard: "is called, a request is sent",
  },
  { word: /\basking\b/i, standard: "request context, or what is requested" },
  { word: /\btorn\b/i, standard: "mismatched" },
  // A page shows people things; a request presents a token.
  {
    word:
      /\bshow(?:n|s|ing|ed)?\b\W+(?:\w+\W+){0,2}(?:tokens?|cookies?)\b(?! (?:its|when)\b)|\b(?:tokens?|cookies?)\b (?:\w+ ){0,3}shown\b/i,
    standard: "presented",
  },
  { word: /\btold\b|\btell\(|\btells? of\b/i, standard: "reported, logged or answered" },
  { word: /\badopt(?:s|ed|ing|ion)?\b/i, standard: "sync or apply" },
  { word: /\bpatients?\b|\btrials?\b/i, standard: "target or test session" },
  { word: /\bexamin(?:e|es|ed|ing)\b/i, standard: "check" },
  // The database's class of a token is so named: in quotes, as a key, or in a cell of the rule's table.
  { word: /(?<!["'`]|\| )\bstrangers?\b(?!["'`:])/i, standard: "anonymous caller, attacker" },
  { word: /\breckon(?:s|ed|ing)?\b/i, standard: "compute" },
  // A window of the browser, and the grace window, are what they say.
  { word: /\b(?:in|reuse|rotation|replay) window\b/i, standard: "reuse interval" },
  // SQL has foreign keys and foreign tables.
  {
    word: /\bforeign\b(?! (?:key|table|data|server)s?\b)/i,
    standard: "another site's, hash mismatch",
  },
  { word: /\bpaid until\b/i, standard: "GCRA theoretical arrival time" },
  { word: /\bissued_to\b/, standard: "user_agent_hash" },
  { word: /\b(?:be)?sieg(?:e|ed|ers?)\b/i, standard: "distributed password guessing" },
  { word: /\bdeeds?\b/i, standard: "scenario or action" },
  { word: /\blife\b/i, standard: "scenario, time left", only: /^local\/demo\// },
  { word: /\belsewhere\b/i, standard: "without Unified Auth", only: /^local\/demo\// },
  { word: /\bby (?:itself|themselves)\b/i, standard: "itself, automatically, separately" },
  {
    word: /\bof (?:its|their|our|his|her|my|your) own\b/i,
    standard: "separate, another, or nothing",
  },
  { word: /\bwhoever\b/i, standard: "callers that …, the process that …" },
  // A question may begin so, and a heading names a question.
  {
    word:
      /^\s*(?:\/?\*\*?|\/\/|--|-|\d+\.|\/\*)?\s*What (?!.*\?)|[.;] What (?!.*\?)|\| What (?!.*\?)/,
    standard: "the noun that the clause stands for",
  },
  { word: /\b(?:test|step)\("what (?!.*\?")/, standard: "the noun that the clause stands for" },
  { word: /\bfor ever\b/i, standard: "forever" },
  { word: /\bat the most\b/i, standard: "at most" },
  { word: /\bthe one place\b/i, standard: "only" },
  { word: /\b(?:put off|gone over)\b/i, standard: "deferred, read again" },
  { word: /\blies about\b|\bthe dice\b/i, standard: "exists, randomness" },
  { word: /(?:\bIt|;) must not know\b/i, standard: "a rule of layers.ts" },
  { word: /\bverified no\b|\*(?:yes|no)\*/i, standard: "accepted, refused" },
  // Beyond a number something may be over; a session has ended, a time has passed, a token has expired.
  {
    word:
      /\b(?:is|are|was|were|been) over\b(?! ?\d| a\b| the\b)|SessionOver|SESSION_OVER|session_over/,
    standard: "has ended, expired or passed",
  },
  {
    word: /\bsession_cap\b|\brefresh_token_reused\b(?!` is)/,
    standard: "evicted, refresh_token_already_used",
  },
  { word: /\btoo_many_attempts\b(?!` is)/, standard: "over_request_rate_limit" },
];

const TEXTS = [".ts", ".tsx", ".js", ".mjs", ".svelte", ".md", ".html", ".css", ".sql"];

/** Released migrations and their dumps; and this list, which names the words themselves. */
const LEFT_AS_THEY_ARE =
  /^supabase\/migrations\/20261101|^docs\/schema\.sql$|\/database\.types\.ts$|^tests\/checks\/(?:vocabulary(?:_test)?\.ts|schema_dump\.sql)$/;

export const vocabulary: Check = {
  name: "vocabulary",
  run: async () => {
    const files = await readSourceFiles({ extensions: TEXTS });
    return files.filter(({ path }) => !LEFT_AS_THEY_ARE.test(path)).flatMap(judgeVocabulary);
  },
};

/** The uses of private words in a file's name and in its lines. */
export function judgeVocabulary({ path, text }: SourceFile): readonly string[] {
  const inPath = findWords(path, path).map(({ found, standard }) =>
    `${path} is named "${found}" for ${standard}`
  );
  const inLines = text.split("\n").flatMap((line, index) =>
    findWords(path, line).map(({ found, standard }) =>
      `${path}:${index + 1} says "${found}" for ${standard}: ${line.trim()}`
    )
  );
  return [...inPath, ...inLines];
}

function findWords(path: string, line: string) {
  const parts = takeApart(line);
  return REPLACEMENTS.filter(({ only }) => only?.test(path) ?? true).flatMap(
    ({ word, standard }) => {
      const found = (word.exec(line) ?? word.exec(parts))?.[0];
      return found === undefined ? [] : [{ found, standard }];
    },
  );
}

/** `wasTold` and `was_told` as "was Told" and "was told". */
function takeApart(line: string): string {
  return line.replace(/([a-z0-9])([A-Z])/g, "$1 $2").replaceAll("_", " ");
}
