/**
 * One stack for all the schedules of a file: it is the clock that moves, not the project.
 *
 * @module
 */

import { SEED_USERS } from "../../local/seed_users.ts";
import { openTestServer } from "../../local/testing.ts";
import type { World } from "./session_life.ts";

export interface OpenWorld extends World {
  close(): Promise<void>;
}

/**
 * Starts a project in which Ada has room for a session a schedule, and a password that is quick to
 * check: what a schedule shows has nothing to do with bcrypt's cost.
 */
export async function openWorld(): Promise<OpenWorld> {
  const server = await openTestServer();
  const stack = await server.startStack({
    functions: ["unified-auth"],
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
    async close() {
      await stack.stop();
      await server.close();
    },
  };
}
