/**
 * Whether the API's roles have the privileges that the migrations gave them, and no others. The expected
 * grants are read from the reviewed dump of the schema.
 *
 * @module
 */

import { failed, notChecked, ok, quote, type Result } from "../finding.ts";
import type { Subject } from "../subject.ts";

const DUMP = new URL("../../../docs/schema.sql", import.meta.url);
const QUERY = new URL("grants.sql", import.meta.url);

/** The migrations rely on these and cannot give them: the schemas are not ours. */
const GIVEN_BEFORE: readonly string[] = [
  "postgres may use schema auth",
  "postgres may select table auth.users",
  "postgres may update table auth.users",
  "postgres may select table auth.sessions",
  "postgres may select table auth.mfa_factors",
  "authenticated may use schema auth",
  "authenticated may use schema public",
  "service_role may use schema public",
];

const REMEDY =
  'Revoke what is too much, and grant what is missing: docs/operations.md, "Restored from a backup".';

export async function grants({ database }: Subject): Promise<Result> {
  if (database === null) {
    return notChecked("No database was named.", "Say --remote=postgresql://…");
  }
  const granted = readDesignedGrants(await Deno.readTextFile(DUMP));
  const designed = [...granted, ...GIVEN_BEFORE];
  const query = await Deno.readTextFile(QUERY);
  const rows = await database.begin("read only", async (transaction) => {
    // Definitions name every object with its schema when none is on the path.
    await transaction`set local search_path = ''`;
    return await transaction.unsafe<{ line: string }[]>(query, [functionNames(granted)]);
  });
  const actual = rows.map(({ line }) => line);
  const extra = actual.filter((line) => !designed.includes(line));
  const missing = designed.filter((line) => !actual.includes(line));
  if (extra.length + missing.length === 0) {
    return ok("The API's roles may do what they are meant to, and nothing else.");
  }
  const differences = [
    ...extra.map((line) => `too much: ${quote(line)}`),
    ...missing.map((line) => `missing: ${quote(line)}`),
  ];
  return failed(`The grants are not as designed; ${differences.join("; ")}.`, REMEDY);
}

const GRANT = /^grant (\w+) on (function|schema|table) (.+) to (\w+);$/gm;

/** The grants of the dump's last section, in the words of the query. */
export function readDesignedGrants(dump: string): readonly string[] {
  const section = dump.slice(dump.indexOf("\n-- Grants\n"));
  return [...section.matchAll(GRANT)].map(([, privilege, kind, object, role]) =>
    `${role} may ${privilege === "usage" ? "use" : privilege} ${kind} ${object}`
  );
}

function functionNames(designed: readonly string[]): readonly string[] {
  return designed.flatMap((line) => /function public\.(\w+)\(/.exec(line)?.slice(1) ?? []);
}
