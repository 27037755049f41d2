/**
 * A project's database as Supabase makes it, before its first migration.
 *
 * @module
 */

import postgres from "postgres";
import { prepareProjectDatabase } from "../../../local/platform/postgres/project_database.ts";

export interface NewProject extends AsyncDisposable {
  /** As the role `postgres`. */
  readonly url: string;
  readonly sql: postgres.Sql;
}

/** On the test server that listens on `port`; dropped after the test. */
export async function makeNewProject(port: number): Promise<NewProject> {
  const database = `test_new_${crypto.randomUUID().slice(0, 8)}`;
  const urlOf = ({ user = "postgres", database = "postgres" } = {}) =>
    `postgresql://${user}:postgres@127.0.0.1:${port}/${database}`;
  await prepareProjectDatabase({ server: { url: urlOf }, database });
  const url = urlOf({ database });
  const sql = postgres(url, { max: 1, max_lifetime: null, onnotice: () => {} });
  return {
    url,
    sql,
    async [Symbol.asyncDispose]() {
      await sql.end();
      const admin = postgres(urlOf({ user: "supabase_admin" }), { max: 1, max_lifetime: null });
      await admin`drop database ${admin(database)} with (force)`;
      await admin.end();
    },
  };
}
