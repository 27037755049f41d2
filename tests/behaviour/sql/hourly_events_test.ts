import assert from "node:assert/strict";
import { openSqlFixture } from "./sql_fixture.ts";
import { contextOf, openSqlSessions } from "./sql_sessions.ts";

const AT_ONCE = 60;

Deno.test("sixty uses of an ended session at once are recorded once, and so are sixty forged tokens", async () => {
  await using fixture = await openSqlFixture();
  const { sessions, admin, database, userId } = fixture;
  const crowd = Array.from({ length: AT_ONCE }, () => {
    const sql = database.connectAs("service_role", { max: 1 });
    return { sql, sessions: openSqlSessions(sql) };
  });
  await Promise.all(crowd.map(({ sql }) => sql`select 1`)); // connected
  const events = async (event: string) => {
    const [row] = await admin<{ events: number }[]>`
      select count(*)::int as events from public.session_events as e where e.event = ${event}`;
    return row?.events;
  };

  const ended = await sessions.signIn(userId);
  await sessions.store.logOut(
    { kind: "refresh_token", presented: ended, proof: null },
    contextOf(),
  );
  await Promise.all(crowd.map((each) => each.sessions.validate(ended)));
  assert.equal(await events("used_after_revocation"), 1);

  const live = await sessions.signIn(userId);
  await Promise.all(crowd.map((each) => each.sessions.rotate(sessions.forge(live))));
  assert.equal(await events("key_compromise_suspected"), 1);
});
