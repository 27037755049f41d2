/**
 * An environment that the functions start with, and what becomes of it when something is changed.
 *
 * @module
 */

import assert from "node:assert/strict";
import { generateKeys } from "../../../local/keys.ts";
import {
  type Config,
  ConfigError,
  readConfig,
} from "../../../supabase/functions/_shared/config/config.ts";

export type Variables = Readonly<Record<string, string | undefined>>;

export const KEYS = await generateKeys();

export const REQUIRED: Variables = {
  ...KEYS,
  SUPABASE_URL: "https://abc.supabase.co",
  SUPABASE_SECRET_KEYS: '{"default":"sb_secret_one"}',
  SUPABASE_PUBLISHABLE_KEYS: '{"default":"sb_publishable_one"}',
};

export function read(change: Variables = {}): Config {
  const variables = { ...REQUIRED, ...change };
  return readConfig((name) => variables[name]);
}

export function problemsOf(change: Variables): readonly string[] {
  try {
    read(change);
  } catch (error: unknown) {
    assert.ok(error instanceof ConfigError);
    return error.problems;
  }
  return [];
}

/** Asserts that one problem is found, of this variable, and what is said of it. */
export function assertProblem(name: string, value: string | undefined, expected: RegExp): void {
  const problems = problemsOf({ [name]: value });
  assert.equal(problems.length, 1, `${name}=${value}: ${problems.join()}`);
  assert.match(`${problems[0]}`, new RegExp(`^${name}`));
  assert.match(`${problems[0]}`, expected);
}
