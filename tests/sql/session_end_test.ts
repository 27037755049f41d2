/**
 * `validate_session` and `rotate_session` look for themselves at what could end a session before they
 * ask the rule, and the first makes the snapshot in place. Both must come to what the shared functions
 * say.
 *
 * @module
 */

import assert from "node:assert/strict";
import type postgres from "postgres";
import type { GenuineRefreshToken } from "../../supabase/functions/_shared/refresh_token.ts";
import { Constants } from "../../supabase/functions/_shared/database.types.ts";
import { openSqlFixture } from "./sql_fixture.ts";

const REASONS = [null, ...Constants.public.Enums.session_revoked_reason];
const LATER = "1 hour";
const EARLIER = "-1 hour";

interface Circumstances {
  readonly reason: string | null;
  readonly expires: string;
  readonly banned: string | null;
  readonly deleted: string | null;
}

Deno.test("validate and rotate end a session exactly when the rule says so", async () => {
  await using fixture = await openSqlFixture();
  const { sessions, admin } = fixture;
  const token = await sessions.signIn(fixture.userId);
  await admin`set session_replication_role = replica`; // or a ban would end the session by itself
  const seen = new Set<string | null>();

  for (const circumstances of everyCircumstance()) {
    await bringAbout(admin, { token, ...circumstances });
    const end = await askTheRule(admin, token);
    const validated = await sessions.validate(token);
    const { answer } = await sessions.rotate(token);
    seen.add(end);
    assert.deepEqual(
      [validated.outcome, answer.outcome],
      [end ?? "active", end ?? "unchanged"],
      JSON.stringify(circumstances),
    );
  }
  assert.deepEqual(seen, new Set([null, "revoked", "evicted", "expired", "reused", "banned"]));
});

Deno.test("validate answers the session as every other function does", async () => {
  await using fixture = await openSqlFixture();
  const { sessions, admin, userId } = fixture;
  const token = await sessions.signIn(userId);
  await admin`
    update public.sessions
    set last_active_at = created_at + interval '1 second', branch = 7
    where id = ${token.sessionId}`; // no two columns of one type alike
  const agree = async () => {
    const [row] = await admin<{ answered: unknown; made: unknown }[]>`
      select
        to_json((public.validate_session(
          s.id, s.generation, s.branch, false, s.issued_to, 60, 900, null, 'agent', 'request'
        )).session) as answered,
        to_json(unified_auth.session_snapshot(
          s, u.email, u.phone, u.raw_app_meta_data, u.raw_user_meta_data)) as made
      from public.sessions as s
      join auth.users as u on u.id = s.user_id
      where s.id = ${token.sessionId}`;
    assert.ok(row?.made);
    assert.deepEqual(row.answered, row.made);
  };

  await agree();
  await admin`
    update auth.users
    set
      phone = '15550100', raw_app_meta_data = '{"roles": ["a", "b"]}',
      raw_user_meta_data = '{"name": "Ada"}'
    where id = ${userId}`;
  await agree();
  await admin`
    update auth.users set raw_app_meta_data = null, raw_user_meta_data = null where id = ${userId}`;
  await agree();
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
