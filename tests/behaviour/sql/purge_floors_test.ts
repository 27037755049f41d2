import assert from "node:assert/strict";
import { ageSession } from "../../../local/testing/aging.ts";
import { openSqlFixture } from "./sql_fixture.ts";

/** As somebody with a stolen secret key would call it, to be rid of everything. */
const ERASE = `
  select purged_sessions, purged_events
  from public.purge_sessions(
    p_batch_size => 1000000,
    p_tombstone_seconds => -2000000000,
    p_event_retention_seconds => -2000000000)`;

const DAY = 86_400;

Deno.test("whatever purge_sessions is asked for, no live session goes and no event of the last week", async () => {
  await using fixture = await openSqlFixture();
  const { sessions, admin, service, userId } = fixture;
  const live = await sessions.signIn(userId);
  const old = await sessions.signIn(userId);
  await ageSession(admin, old.sessionId, 6.9 * DAY);
  await admin`
    insert into public.session_events (event, occurred_at, request_id)
    values ('login', now() - interval '7 days 1 minute', 'old enough')`;
  const [counts] = await service.unsafe(ERASE);
  assert.deepEqual({ ...counts }, { purged_sessions: 0, purged_events: 1 });
  assert.equal((await sessions.validate(live)).outcome, "active");
  assert.equal((await sessions.validate(old)).outcome, "active");
  const events = await admin<{ event: string }[]>`
    select e.event from public.session_events as e order by e.id`;
  assert.deepEqual(events.map(({ event }) => event), ["login", "login", "purged"]);
});

Deno.test("nulls ask for no less than the floors", async () => {
  await using fixture = await openSqlFixture();
  const live = await fixture.sessions.signIn(fixture.userId);
  await fixture.service`select public.purge_sessions(1000, null, null)`;
  assert.equal((await fixture.sessions.validate(live)).outcome, "active");
  const [row] = await fixture.admin<{ events: number }[]>`
    select count(*)::int as events from public.session_events`;
  assert.equal(row?.events, 1);
});

Deno.test("a purge leaves an event of what it took, and one that took nothing leaves none", async () => {
  await using fixture = await openSqlFixture();
  const { sessions, admin, service, userId } = fixture;
  const token = await sessions.signIn(userId);
  await ageSession(admin, token.sessionId, 200 * DAY); // expired, and its login's event with it
  await service`select public.purge_sessions()`;
  const [event] = await admin`
    select e.detail from public.session_events as e where e.event = 'purged'`;
  assert.deepEqual(
    { sessions: event?.["detail"].sessions, events: event?.["detail"].events },
    { sessions: 1, events: 1 },
  );
  await service`select public.purge_sessions()`;
  const [row] = await admin<{ events: number }[]>`
    select count(*)::int as events from public.session_events as e where e.event = 'purged'`;
  assert.equal(row?.events, 1);
});
