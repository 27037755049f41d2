import assert from "node:assert/strict";
import { openSqlFixture } from "./sql_fixture.ts";

Deno.test("session_is_live() is true of a live session alone, and false of whatever a third party's token says", async () => {
  await using fixture = await openSqlFixture();
  const { sessions, database, userId } = fixture;
  const { sessionId } = await sessions.signIn(userId);
  const visitor = database.connectAs("authenticated", { max: 1 });
  const isLive = async (claims: Readonly<Record<string, unknown>> | null) => {
    return await visitor.begin(async (tx) => {
      const text = claims === null ? "" : JSON.stringify(claims);
      await tx`select set_config('request.jwt.claims', ${text}, true)`;
      const [row] = await tx<{ live: boolean }[]>`select public.session_is_live() as live`;
      return row?.live;
    });
  };
  assert.equal(await isLive({ session_id: sessionId }), true);
  assert.equal(await isLive({ session_id: sessionId.toUpperCase() }), true);
  for (
    const claims of [
      null,
      {},
      { session_id: null },
      { session_id: "" },
      { session_id: "sess_2f9c0e" },
      { session_id: 42 },
      { session_id: [sessionId] },
      { session_id: `${sessionId}\n` },
      { session_id: crypto.randomUUID() },
    ]
  ) assert.equal(await isLive(claims), false, JSON.stringify(claims));
});
