/**
 * A separate database, with sessions as the functions make them and a superuser to look behind.
 *
 * @module
 */

import type postgres from "postgres";
import { insertPerson } from "../../harness/people.ts";
import { openTestServer, type TestDatabase } from "../../../local/testing/test_server.ts";
import { openSqlSessions, type SqlSessions, type SqlSessionsOptions } from "./sql_sessions.ts";

export interface SqlFixture extends AsyncDisposable {
  readonly database: TestDatabase;
  readonly sessions: SqlSessions;
  /** One connection of `service_role`, the one that `sessions` uses. */
  readonly service: postgres.Sql;
  /** One connection of a superuser. */
  readonly admin: postgres.Sql;
  readonly userId: string;
}

export async function openSqlFixture(options?: SqlSessionsOptions): Promise<SqlFixture> {
  const server = await openTestServer();
  const database = await server.createDatabase();
  const service = database.connectAs("service_role", { max: 1 });
  const admin = database.connectAs("supabase_admin", { max: 1 });
  return {
    database,
    sessions: openSqlSessions(service, options),
    service,
    admin,
    userId: await insertPerson(admin),
    async [Symbol.asyncDispose]() {
      await database.drop();
      await server.close();
    },
  };
}
