/**
 * One stack for all the schedules of a file: it is the clock that moves, not the project.
 *
 * @module
 */

import type postgres from "postgres";
import { openTestServer, type TestStack } from "../../../local/testing/test_server.ts";
import { openTokenForge, type TokenForge } from "../../behaviour/http/token_forge.ts";

export interface ScheduleFixture {
  readonly stack: TestStack;
  /** One connection, already open: what a test leaves open would be a leak. */
  readonly sql: postgres.Sql;
  readonly forge: TokenForge;
  close(): Promise<void>;
}

/** Starts a project in which Ada has room for a session a schedule. */
export async function openScheduleFixture(): Promise<ScheduleFixture> {
  const server = await openTestServer();
  const stack = await server.startStack({
    functions: ["unified-auth", "validate-session"],
    environment: { SESSION_MAX_PER_USER: "100" },
  });
  const sql = stack.database.connect({ max: 1 });
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
