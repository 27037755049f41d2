/**
 * Reads which way the functions reach the database. A problem with the URL is reported without its
 * value, which holds a password.
 *
 * @module
 */

import { type DatabaseAddress, parseDatabaseUrl } from "../store/database_address.ts";
import type { EnvironmentReader } from "./environment.ts";

/** `data-api`: through PostgREST. `postgres`: straight to the database. */
export type DatabaseRoute =
  | { readonly kind: "data-api" }
  | { readonly kind: "postgres"; readonly address: DatabaseAddress };

/** The URL counts only where it is used: every project is given one. */
export function readDatabaseRoute(reader: EnvironmentReader): DatabaseRoute {
  const kind = reader.choice("SESSION_STORE", {
    fallback: "data-api",
    values: ["data-api", "postgres"],
    synonyms: { rpc: "data-api" },
  });
  if (kind === "data-api") return { kind };
  const text = reader.required("SUPABASE_DB_URL");
  const address = parseDatabaseUrl(text);
  if (address !== null) return { kind, address };
  if (text !== "") {
    reader.problem(
      "SUPABASE_DB_URL",
      "must be postgresql://user:password@host:port/database, each part percent-encoded, and its " +
        "sslmode, if any, one of PostgreSQL's",
    );
  }
  return { kind: "data-api" };
}
