/**
 * Values of composite types as the text that PostgreSQL reads. The data API takes them as JSON objects;
 * here that would cost a validate 130,000 instructions of the database, a third of the call.
 *
 * @module
 */

import type { Database } from "../database.types.ts";

export type CompositeTypes = Database["public"]["CompositeTypes"];

/**
 * The fields of the types that functions take, in the order of the type, in which a row is written.
 * `tests/behaviour/sql/composite_types_test.ts` compares it with the database's.
 */
export const COMPOSITE_FIELDS = {
  access_token_policy: ["issuer", "allowed_roles", "hook"],
  presented_proof: ["thumbprint", "session_id", "generation", "branch", "challenged_at"],
  presented_refresh_token: ["session_id", "generation", "branch", "hash", "key", "lineage"],
  proposed_successor: ["generation", "branch", "hash", "lineage", "salt", "key_id"],
  request_context: ["ip", "user_agent", "request_id"],
  session_policy: [
    "access_ttl_seconds",
    "refresh_ttl_seconds",
    "absolute_ttl_seconds",
    "reuse_interval_seconds",
    "refresh_burst",
    "refresh_interval_seconds",
    "max_sessions",
    "activity_interval_seconds",
    "right_password_interval_seconds",
    "rebind_after_seconds",
  ],
  token_place: ["session_id", "generation", "branch"],
} as const satisfies {
  readonly [Type in keyof CompositeTypes]?: readonly (keyof CompositeTypes[Type])[];
};

export type CompositeName = keyof typeof COMPOSITE_FIELDS;

/** The policies are the same objects in every call: each is written once. */
const writtenPolicies = new WeakMap<object, string>();

/** A row of the type: every value in quotes, nothing at all for null. */
export function writeComposite(type: CompositeName, value: object): string {
  if (type !== "session_policy" && type !== "access_token_policy") return writeRow(type, value);
  const written = writtenPolicies.get(value) ?? writeRow(type, value);
  writtenPolicies.set(value, written);
  return written;
}

function writeRow(type: CompositeName, value: object): string {
  const values: Readonly<Record<string, unknown>> = { ...value };
  return `(${COMPOSITE_FIELDS[type].map((field) => writeField(values[field])).join(",")})`;
}

function writeField(value: unknown): string {
  if (value === null || value === undefined) return "";
  return quote(Array.isArray(value) ? `{${value.map(quote).join(",")}}` : value);
}

function quote(value: unknown): string {
  return `"${String(value).replace(/["\\]/g, "\\$&")}"`;
}
