/**
 * The invariants of the tables after every step: each row is as the specification says, at most five
 * sessions are live, each holds the hash of one token alone, and nothing in them is a token, a secret,
 * or a value from which one in use could be derived.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type postgres from "postgres";
import type { GenuineRefreshToken } from "../../../supabase/functions/_shared/tokens/refresh_token.ts";
import { keepsSalt, MAX_SESSIONS } from "./rotation_model.ts";
import { type ModelFixture, placeName } from "./model_fixture.ts";

interface Row {
  readonly id: string;
  readonly generation: number;
  readonly branch: number;
  readonly previous_branch: number | null;
  readonly hash: string;
  readonly confirmed: boolean;
  readonly has_salt: boolean;
  readonly key: string | null;
  readonly lineage: string;
  readonly issued_at: number;
  readonly last_active_at: number;
  readonly refresh_expires_at: number;
  readonly ended_by: string | null;
  readonly live: boolean;
  readonly whole: string;
}

/** @param seen what each row looked like when its bytes were last searched */
export async function checkRows(fixture: ModelFixture, seen: Map<string, string>): Promise<void> {
  const { clock, userId, model, issued } = fixture;
  const now = (fixture.now() - clock.aged) / 1_000_000;
  const rows = await clock.sql<Row[]>`
    select
      s.id, s.generation, s.branch, s.previous_branch,
      encode(s.refresh_token_hash, 'hex') as hash,
      s.confirmed_at is not null as confirmed,
      s.successor_salt is not null as has_salt,
      encode(s.key_thumbprint, 'hex') as key,
      encode(s.lineage, 'hex') as lineage,
      (extract(epoch from s.issued_at) * 1000000)::float8 as issued_at,
      (extract(epoch from s.last_active_at) * 1000000)::float8 as last_active_at,
      (extract(epoch from s.refresh_token_expires_at) * 1000000)::float8 as refresh_expires_at,
      s.revoked_reason::text as ended_by,
      s.is_valid and s.refresh_token_expires_at > to_timestamp(${now}) as live,
      s::text as whole
    from public.sessions as s
    where s.user_id = ${userId}`;

  assert.equal(rows.length, model.sessions.size, "as many rows as sessions");
  assert.ok(rows.filter(({ live }) => live).length <= MAX_SESSIONS, "more than five live sessions");
  for (const row of rows) {
    const session = model.sessions.get(row.id);
    const current = issued.get(placeName({ sessionId: row.id, ...row }));
    assert.ok(session && current, "a row that the specification does not have");
    assert.deepEqual({
      generation: row.generation,
      branch: row.branch,
      previousBranch: row.previous_branch,
      confirmed: row.confirmed,
      issuedAt: row.issued_at + clock.aged,
      lastActiveAt: row.last_active_at + clock.aged,
      refreshExpiresAt: row.refresh_expires_at + clock.aged,
      endedBy: row.ended_by,
      hash: row.hash,
      hasSalt: row.has_salt,
      key: row.key,
      lineage: row.lineage,
    }, {
      generation: session.generation,
      branch: session.branch,
      previousBranch: session.previousBranch,
      confirmed: session.confirmed,
      issuedAt: session.issuedAt,
      lastActiveAt: session.lastActiveAt,
      refreshExpiresAt: session.refreshExpiresAt,
      endedBy: session.endedBy,
      hash: Buffer.from(current.hash).toString("hex"),
      hasSalt: keepsSalt(session),
      key: session.key,
      lineage: Buffer.from(current.lineage ?? []).toString("hex"),
    });
    if (seen.get(row.id) === row.whole) continue;
    seen.set(row.id, row.whole);
    assertHoldsNoSecret(row.whole, issued.values());
  }
}

/** Every row of every table of ours, against every token that any history ever issued. */
export async function checkTablesHoldNoSecret(
  sql: postgres.Sql,
  tokens: readonly GenuineRefreshToken[],
): Promise<void> {
  const secrets = new Set(tokens.flatMap((token) => [...writingsOf(token)]));
  const queries = [
    sql<{ whole: string }[]>`select s::text as whole from public.sessions as s`,
    sql<{ whole: string }[]>`select e::text as whole from public.session_events as e`,
    sql<{ whole: string }[]>`select t::text as whole from unified_auth.login_throttle as t`,
  ];
  for (const query of queries) {
    await query.cursor(1000, (rows) => {
      for (const { whole } of rows) {
        for (const run of whole.match(/[0-9A-Za-z_-]{43,}/g) ?? []) {
          assert.ok(!secrets.has(run), "a table holds a token");
        }
      }
    });
  }
}

function assertHoldsNoSecret(text: string, tokens: Iterable<GenuineRefreshToken>): void {
  for (const token of tokens) {
    for (const writing of writingsOf(token)) {
      assert.ok(!text.includes(writing), "a row holds a token");
    }
  }
}

function* writingsOf({ raw, secret }: GenuineRefreshToken): Generator<string> {
  yield raw;
  yield Buffer.from(secret).toString("hex");
  yield Buffer.from(secret).toString("base64url");
}
