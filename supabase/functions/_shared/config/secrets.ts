/**
 * Reads the settings that are secrets. A problem is reported by the secret's place and size, never by
 * its value.
 *
 * @module
 */

import type { EnvironmentReader } from "./environment.ts";
import { parseSigningKeys, type SigningJwk, SigningKeysError } from "../tokens/signing_keys.ts";

const SECRET_MIN_BYTES = 32;

/** The platform gives keys as a dictionary by name; projects with legacy keys have one each. */
export function readApiKey(
  reader: EnvironmentReader,
  { dictionary, legacy }: { readonly dictionary: string; readonly legacy: string },
): string {
  const json = reader.text(dictionary);
  const keys = json === null ? {} : parseDictionary(json);
  if (keys === null) {
    reader.problem(dictionary, "must be a JSON object of strings");
    return "";
  }
  const key = keys["default"] ?? Object.values(keys)[0] ?? reader.text(legacy);
  if (key === null) reader.problem(`${dictionary} (or ${legacy})`, "is missing");
  return key ?? "";
}

function parseDictionary(json: string): Readonly<Record<string, string>> | null {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return null; // the parser's message quotes its input, which holds keys
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return null;
  const entries = Object.entries(value);
  const isDictionary = entries.every(([, key]) => typeof key === "string" && key !== "");
  return isDictionary ? Object.fromEntries(entries) : null;
}

/** Secrets between commas or white space, newest first. */
export function readSessionSecrets(reader: EnvironmentReader): readonly string[] {
  const name = "SESSION_SECRET";
  const secrets = reader.list(name);
  if (secrets.length === 0) reader.problem(name, "is missing");
  for (const [index, secret] of secrets.entries()) {
    const bytes = new TextEncoder().encode(secret).length;
    if (bytes < SECRET_MIN_BYTES) {
      reader.problem(
        name,
        `must hold at least ${SECRET_MIN_BYTES} bytes: secret ${index + 1} holds ${bytes}`,
      );
    }
  }
  if (new Set(secrets).size < secrets.length) reader.problem(name, "holds the same secret twice");
  return secrets;
}

export function readSigningKeys(reader: EnvironmentReader): readonly SigningJwk[] {
  const name = "SESSION_SIGNING_KEYS";
  const json = reader.required(name);
  if (json === "") return [];
  try {
    return parseSigningKeys(json);
  } catch (error: unknown) {
    if (!(error instanceof SigningKeysError)) throw error;
    for (const problem of error.problems) reader.problem(name, `cannot be used: ${problem}`);
    return [];
  }
}
