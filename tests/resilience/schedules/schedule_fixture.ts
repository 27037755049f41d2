/**
 * One stack for all the schedules of a file: it is the clock that moves, not the project.
 *
 * @module
 */

import type postgres from "postgres";
import { SEED_USERS } from "../../../local/platform/seed_users.ts";
import { openTestServer, type TestStack } from "../../../local/testing/test_server.ts";
import { openTokenForge, type TokenForge } from "../../behaviour/http/token_forge.ts";

export interface ScheduleFixture {
  readonly stack: TestStack;
  /** One connection, already open: what a test leaves open would be a leak. */
  readonly sql: postgres.Sql;
  readonly forge: TokenForge;
  close(): Promise<void>;
}

/**
 * Starts a project in which Ada has room for a session a schedule, and a password that is quick to
 * check: what a schedule shows has nothing to do with bcrypt's cost.
 */
export async function openScheduleFixture(): Promise<ScheduleFixture> {
  const server = await openTestServer();
  const stack = await server.startStack({
    functions: ["unified-auth", "validate-session"],
    environment: { SESSION_MAX_PER_USER: "100" },
  });
  const sql = stack.database.connect({ max: 1 });
  await sql`
    update auth.users
    set encrypted_password = extensions.crypt(
      ${SEED_USERS.ada.password}, extensions.gen_salt('bf', 4))
    where id = ${SEED_USERS.ada.id}
  `;
  return {
    stack,
    sql,
    forge: openTokenForge(stack),
    async close() {
      await stack.stop();
      await server.close();
    },
  };
}
