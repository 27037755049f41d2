/**
 * The people and sessions that the load is made of: rows of the database, and the cookies that their
 * browsers hold. The cookies come from our own functions' answers, so they are what browsers are given.
 *
 * @module
 */

import { createHash } from "node:crypto";
import type postgres from "postgres";
import type { Lineage, SessionId } from "../supabase/functions/_shared/brands.ts";
import {
  firstRefreshToken,
  LINEAGE_BYTES,
  REFRESH_SECRET_BYTES,
} from "../supabase/functions/_shared/refresh_token.ts";
import { deriveSessionKeys } from "../supabase/functions/_shared/session_keys.ts";
import { REFRESH_COOKIE } from "../tests/http/browser.ts";
import type { Visitor } from "./load/plan.ts";

export const USER_AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0";
export const PASSWORD = "correct-horse-battery-staple";

/** Sessions of one person: between the one that most have and the five that are allowed. */
const SESSIONS_PER_PERSON = 2;

/** Of every session: nothing here looks at which is whose. */
const LINEAGE = new Uint8Array(LINEAGE_BYTES) as Lineage;

/** One session and the hash of its refresh token. */
interface Seed {
  readonly id: string;
  readonly personId: string;
  readonly refreshToken: string;
  readonly hash: Uint8Array;
}

export interface Population {
  readonly size: number;
  /** Visitors with a refresh cookie alone. */
  readonly refreshOnly: readonly Visitor[];
  /** Visitors for servers that stand for a floor: they show an id, or what a rotation takes. */
  readonly floor: readonly Visitor[];
  /** Visitors who sign in. */
  readonly logins: readonly Visitor[];
  /** Every session as it was at first, last issued an hour ago and active just now. */
  restore(): Promise<void>;
  /**
   * Makes every session one that was issued a moment ago and is for ten minutes to come: a refresh
   * answers the same refresh token and a fresh access token, and the row stays as it is.
   */
  rejuvenate(): Promise<void>;
}

/** The same number always gives the same id: pgbench finds it with `md5`, and none is near the next. */
export function idOf(kind: "session" | "person", number: number): string {
  const hex = createHash("md5").update(`${kind} ${number}`).digest("hex");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** Makes people and sessions. `sql` is a client of a superuser. */
export async function populate(
  sql: postgres.Sql,
  { size, secret, projectUrl }: {
    readonly size: number;
    readonly secret: string;
    readonly projectUrl: string;
  },
): Promise<Population> {
  const keys = deriveSessionKeys([secret], projectUrl);
  const seeds = Array.from({ length: size }, (_, number): Seed => {
    const id = idOf("session", number);
    const secretBytes = createHash("sha256").update(`secret ${number}`).digest();
    const token = firstRefreshToken({
      sessionId: id as SessionId,
      key: null,
      lineage: LINEAGE,
      secret: new Uint8Array(secretBytes.subarray(0, REFRESH_SECRET_BYTES)),
    }, keys.signing);
    const personId = idOf("person", Math.floor(number / SESSIONS_PER_PERSON));
    return { id, personId, refreshToken: token.raw, hash: token.hash };
  });
  await insertPeople(sql, [...new Set(seeds.map(({ personId }) => personId))]);
  await insertSessions(sql, seeds);
  await sql`create schema bench`;
  await sql`create table bench.sessions as table public.sessions`;

  return {
    size,
    refreshOnly: seeds.map(({ refreshToken }) => ({ cookies: { [REFRESH_COOKIE]: refreshToken } })),
    floor: seeds.map(({ id, hash }) => ({
      cookies: { session_id: id, floor: `${id}.1.${hash.toHex()}` },
    })),
    logins: [...new Set(seeds.map(({ personId }) => personId))].map((id) => ({
      cookies: {},
      body: { email: emailOf(id), password: PASSWORD },
    })),
    async restore() {
      await sql`truncate public.sessions, public.session_events`;
      await sql`insert into public.sessions select * from bench.sessions`;
      await sql`
        update public.sessions
        set last_active_at = now(), issued_at = now() - interval '1 hour'
        where true`;
      await sql`vacuum analyze public.sessions`;
    },
    async rejuvenate() {
      await sql`update public.sessions set issued_at = now() + interval '10 minutes' where true`;
    },
  };
}

/** As Supabase Auth keeps them, with bcrypt at its cost of 10. */
async function insertPeople(sql: postgres.Sql, ids: readonly string[]): Promise<void> {
  await sql`
    insert into auth.users (
      instance_id, id, aud, role, email, encrypted_password, email_confirmed_at,
      confirmation_token, recovery_token, email_change_token_new, email_change,
      raw_app_meta_data, raw_user_meta_data, created_at, updated_at
    )
    select
      '00000000-0000-0000-0000-000000000000', person.id, 'authenticated', 'authenticated',
      person.email, password.hash, now(), '', '', '', '',
      '{"provider": "email", "providers": ["email"]}', '{}', now(), now()
    from unnest(${[...ids]}::uuid[], ${ids.map(emailOf)}::text[]) as person (id, email),
      (select extensions.crypt(${PASSWORD}, extensions.gen_salt('bf', 10)) as hash) as password`;
}

async function insertSessions(sql: postgres.Sql, seeds: readonly Seed[]): Promise<void> {
  await sql`
    select public.create_session(
      p_session_id => seed.id,
      p_user_id => seed.person_id,
      p_refresh_token_hash => decode(seed.hash, 'hex'),
      p_lineage => ${LINEAGE},
      p_key_thumbprint => null,
      p_device_name => null,
      p_aal => 'aal1',
      p_amr => '[{"method": "password", "timestamp": 1700000000}]',
      p_presented => null,
      p_login_buckets => '{}',
      p_login_charged_at => null,
      p_identity_session_id => null,
      p_policy => row(3600, 2592000, 0, 60, 300, 1, 5, 900, 86400)::public.session_policy,
      p_context => row(null, ${USER_AGENT}::text, 'bench')::public.request_context)
    from unnest(
      ${seeds.map(({ id }) => id)}::uuid[],
      ${seeds.map(({ personId }) => personId)}::uuid[],
      ${seeds.map(({ hash }) => hash.toHex())}::text[]
    ) as seed (id, person_id, hash)`;
}

function emailOf(id: string): string {
  return `person-${id.slice(0, 13)}@example.com`;
}
