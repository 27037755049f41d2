import assert from "node:assert/strict";
import { SEED_USERS } from "../../../local/platform/seed_users.ts";
import { openTestServer } from "../../../local/testing/test_server.ts";
import { untilWaiting } from "../../resilience/fault/lock_waits.ts";

Deno.test("a stack stops although a request is still under way, and answers it", async () => {
  await using server = await openTestServer();
  await using database = await server.createDatabase();
  const stack = await server.startStack({ functions: [], database });
  const sql = database.connectAs("supabase_admin", { max: 2 });
  await sql.begin(async (holding) => {
    await holding`lock table auth.users in access exclusive mode`;
    const signingIn = fetch(`${stack.baseUrl}/auth/v1/token?grant_type=password`, {
      method: "POST",
      headers: { apikey: stack.keys.publishable, "content-type": "application/json" },
      body: JSON.stringify(SEED_USERS.ada),
    });
    await untilWaiting(sql, 1);
    await stack.stop();
    const answer = await signingIn;
    assert.ok(answer.status >= 500, String(answer.status));
    await answer.body?.cancel();
  });
});
