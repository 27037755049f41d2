import assert from "node:assert/strict";
import type postgres from "postgres";
import type { GenuineRefreshToken } from "../../../supabase/functions/_shared/tokens/refresh_token.ts";
import { ageSession } from "../../../local/testing/aging.ts";
import { openSqlFixture, type SqlFixture } from "./sql_fixture.ts";
import { contextOf } from "./sql_sessions.ts";

const DAY = 86_400;

type Ending = (fixture: SqlFixture, token: GenuineRefreshToken) => PromiseLike<unknown>;

interface Recorded {
  readonly reason: string | null;
  /** The names of what the event says. */
  readonly details: readonly string[];
}

/** The ways to end a session, with the record of each end. */
const ENDINGS: Readonly<Record<string, { readonly end: Ending; readonly recorded: Recorded }>> = {
  "was signed out": {
    end: ({ sessions }, presented) =>
      sessions.store.logOut({ kind: "refresh_token", presented, proof: null }, contextOf()),
    recorded: { reason: "logout", details: ["revoked_at", "revoked_reason"] },
  },
  "has expired": {
    end: ({ admin }, token) => ageSession(admin, token.sessionId, 31 * DAY),
    recorded: { reason: null, details: ["expired_at"] },
  },
  "was signed out and would have expired since": {
    async end({ sessions, admin }, presented) {
      await sessions.store.logOut({ kind: "refresh_token", presented, proof: null }, contextOf());
      await ageSession(admin, presented.sessionId, 31 * DAY);
    },
    recorded: { reason: "logout", details: ["revoked_at", "revoked_reason"] },
  },
  "belongs to a user whose ban the trigger missed": {
    async end({ admin, userId }) {
      await admin`set session_replication_role = replica`;
      await admin`update auth.users set banned_until = 'infinity' where id = ${userId}`;
      await admin`set session_replication_role = origin`;
    },
    recorded: { reason: null, details: [] },
  },
};

for (const [name, { end, recorded }] of Object.entries(ENDINGS)) {
  Deno.test(`the use of a session that ${name} is recorded once an hour, by whichever function`, async () => {
    await using fixture = await openSqlFixture();
    const { sessions, admin } = fixture;
    const token = await sessions.signIn(fixture.userId);
    const uses = [
      () => sessions.validate(token),
      () => sessions.rotate(token).then(({ answer }) => answer),
      () => sessions.store.listSessions(token, contextOf()),
    ];
    for (const use of uses) await use();
    assert.deepEqual(await readUses(admin), [], "it is live");

    await end(fixture, token);
    for (const [times, use] of uses.entries()) {
      for (const _ of [1, 2, 3]) {
        assert.ok(!["active", "unchanged", "rotated"].includes((await use()).outcome));
      }
      assert.deepEqual(
        await readUses(admin),
        Array.from({ length: times + 1 }, () => ({ id: token.sessionId, ...recorded })),
      );
      await admin`update public.session_events set occurred_at = occurred_at - interval '1 hour'`;
    }
  });
}

Deno.test("the use of a session that is not there is recorded of nobody", async () => {
  await using fixture = await openSqlFixture();
  const { sessions, admin } = fixture;
  const token = await sessions.signIn(fixture.userId);
  await admin`delete from public.sessions where id = ${token.sessionId}`;
  assert.equal((await sessions.validate(token)).outcome, "not_found");
  assert.equal((await sessions.rotate(token)).answer.outcome, "not_found");
  const listed = await sessions.store.listSessions(token, contextOf());
  assert.equal(listed.outcome, "not_found");
  assert.deepEqual(await readUses(admin), []);
});

async function readUses(
  sql: postgres.Sql,
): Promise<readonly (Recorded & { readonly id: string })[]> {
  const rows = await sql<(Recorded & { id: string })[]>`
    select
      e.session_id as id,
      e.detail ->> 'revoked_reason' as reason,
      array(select jsonb_object_keys(e.detail) order by 1) as details
    from public.session_events as e
    where e.event = 'used_after_revocation'`;
  return rows.map((row) => ({ ...row }));
}
