/**
 * One function says whether a session has ended, and every function follows it.
 *
 * @module
 */

import assert from "node:assert/strict";
import type postgres from "postgres";
import type { GenuineRefreshToken } from "../../../supabase/functions/_shared/tokens/refresh_token.ts";
import { Constants } from "../../../supabase/functions/_shared/store/database.types.ts";
import { openSqlFixture } from "./sql_fixture.ts";
import { contextOf } from "./sql_sessions.ts";

const REASONS = [null, ...Constants.public.Enums.session_revoked_reason];
const LATER = "1 hour";
const EARLIER = "-1 hour";

interface Circumstances {
  readonly reason: string | null;
  readonly expires: string;
  readonly banned: string | null;
  readonly deleted: string | null;
}

Deno.test("every function takes a session for ended exactly when the rule says so", async () => {
  await using fixture = await openSqlFixture();
  const { sessions, admin } = fixture;
  const token = await sessions.signIn(fixture.userId);
  await admin`set session_replication_role = replica`; // or a trigger would end the session at the ban
  const seen = new Set<string | null>();
  const unknownId = crypto.randomUUID() as typeof token.sessionId;

  for (const circumstances of everyCircumstance()) {
    await bringAbout(admin, { token, ...circumstances });
    const end = await askTheRule(admin, token);
    const validated = await sessions.validate(token);
    const { answer } = await sessions.rotate(token);
    const listed = await sessions.store.listSessions(token, contextOf());
    const acting = await sessions.store.endOwnSession(
      { sessionId: unknownId, acting: token },
      contextOf(),
    );
    const own = { kind: "access_token", ...token } as const;
    const others = await sessions.store.logOutEverywhere(
      { proof: own, scope: "others" },
      contextOf(),
    );
    const [policy] = await admin<{ live: boolean }[]>`
      select unified_auth.session_is_live(${token.sessionId}) as live`;
    const [audited] = await admin<{ live: number }[]>`
      select count(*)::integer as live from unified_auth.live_sessions`;
    seen.add(end);
    assert.deepEqual(
      {
        validated: validated.outcome,
        rotated: answer.outcome,
        listed: listed.outcome,
        acting: acting.acting,
        others: others.outcome,
        policy: policy?.live,
        audited: audited?.live,
      },
      {
        validated: end ?? "active",
        rotated: end ?? "unchanged",
        listed: end ?? "active",
        acting: end ?? "active",
        others: end === null ? "ended" : "already_ended",
        policy: end === null,
        audited: end === null ? 1 : 0,
      },
      JSON.stringify(circumstances),
    );
  }
  assert.deepEqual(seen, new Set([null, "revoked", "evicted", "expired", "reused", "banned"]));
});

Deno.test("each way in which a session ends has its name", async () => {
  await using fixture = await openSqlFixture();
  const { sessions, admin } = fixture;
  const token = await sessions.signIn(fixture.userId);
  await admin`set session_replication_role = replica`;
  const live = { reason: null, expires: LATER, banned: null, deleted: null };
  const cases: readonly [Partial<Circumstances>, string | null][] = [
    [{}, null],
    [{ banned: EARLIER }, null],
    [{ banned: LATER }, "banned"],
    [{ deleted: EARLIER }, "revoked"],
    [{ expires: EARLIER }, "expired"],
    [{ reason: "reused" }, "reused"],
    [{ reason: "reused", expires: EARLIER, banned: LATER }, "reused"],
    [{ reason: "evicted" }, "evicted"],
    [{ reason: "banned" }, "banned"],
    [{ reason: "logout", expires: EARLIER }, "revoked"],
    [{ reason: "password_changed" }, "revoked"],
  ];
  for (const [circumstances, end] of cases) {
    await bringAbout(admin, { token, ...live, ...circumstances });
    assert.equal(await askTheRule(admin, token), end, JSON.stringify(circumstances));
  }
});

function* everyCircumstance(): Generator<Circumstances> {
  for (const reason of REASONS) {
    for (const expires of [LATER, EARLIER]) {
      for (const banned of [null, EARLIER, LATER]) {
        for (const deleted of [null, EARLIER]) yield { reason, expires, banned, deleted };
      }
    }
  }
}

async function bringAbout(
  admin: postgres.Sql,
  { token, reason, expires, banned, deleted }: Circumstances & {
    readonly token: GenuineRefreshToken;
  },
): Promise<void> {
  await admin`
    with changed as (
      update public.sessions
      set
        is_valid = ${reason === null},
        revoked_reason = ${reason}::public.session_revoked_reason,
        revoked_at = case when ${reason !== null} then now() end,
        refresh_token_expires_at = now() + ${expires}::interval
      where id = ${token.sessionId}
      returning user_id
    )
    update auth.users as u
    set
      banned_until = now() + ${banned}::interval,
      deleted_at = now() + ${deleted}::interval
    from changed
    where u.id = changed.user_id`;
}

async function askTheRule(
  admin: postgres.Sql,
  token: GenuineRefreshToken,
): Promise<string | null> {
  const [row] = await admin<{ readonly end: string | null }[]>`
    select unified_auth.session_end(s, u.banned_until, u.deleted_at, clock_timestamp())::text as end
    from public.sessions as s
    join auth.users as u on u.id = s.user_id
    where s.id = ${token.sessionId}`;
  if (row === undefined) throw new TypeError("Cannot ask the rule: the session is gone");
  return row.end;
}
