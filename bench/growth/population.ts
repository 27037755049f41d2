/**
 * A database with as many sessions as a study wants, loaded in bulk: users, and their sessions in
 * every state and age. Everything about session `i` follows from `i`, so that a load generator that
 * knows how many there are can present the right token of any of them without having read it.
 *
 * @module
 */

import postgres from "postgres";

/**
 * Who uses which of every hundred sessions. The live ones are shared out, so that what pgbench rotates
 * and what a browser holds are never the same session.
 */
export const OF_HUNDRED = {
  /** Live, for pgbench. */
  pgbench: { from: 0, count: 20 },
  /** Live, for the functions. */
  functions: { from: 20, count: 25 },
  /** Nobody came for a month. */
  expired: { from: 45, count: 25 },
  /** Ended less than 90 days ago. */
  ended: { from: 70, count: 20 },
  /** Ended so long ago that a purge forgets them. */
  forgotten: { from: 90, count: 10 },
} as const;

export type Part = keyof typeof OF_HUNDRED;

/** Which share of the users has a first session, a second, … a fifth. Together: sessions a user. */
const SHARES = [1, 0.6, 0.35, 0.15, 0.1];
const SESSIONS_PER_USER = SHARES.reduce((sum, share) => sum + share, 0);

/** SQL expressions of the number of a session, which is itself one. */
export const sessionId = (i: string): string => `md5('session ' || ${i})::uuid`;
export const loadedGeneration = (i: string): string => `(2 + ${i}::bigint * 7919 % 300)::integer`;
export const tokenHash = (i: string, generation: string): string =>
  `sha256(('token ' || ${i} || ' ' || ${generation})::bytea)`;
export const userAgent = (version: string): string =>
  `'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/' ` +
  `|| ${version} || '.0.0.0 Safari/537.36'`;

/** How many of `sessions` are of a part. */
export const countOf = (part: Part, sessions: number): number =>
  sessions / 100 * OF_HUNDRED[part].count;

/** The number of a session, from its number within its part. */
export const inPart = (part: Part, k: string): string => {
  const { from, count } = OF_HUNDRED[part];
  return `(${k} / ${count} * 100 + ${from} + ${k} % ${count})`;
};

/**
 * Loads `sessions` sessions, two connections at a time, into a database that has none: the secondary
 * indexes and the foreign key are made after the rows, as a restore makes them.
 *
 * @param adminUrl of a superuser
 */
export async function loadPopulation(adminUrl: string, sessions: number): Promise<void> {
  const sql = postgres(adminUrl, { max: 2, onnotice: () => {}, max_lifetime: null });
  try {
    const users = Math.ceil(sessions / SESSIONS_PER_USER);
    const restore = await dropGuards(sql);
    const halves = (count: number) => {
      const middle = Math.floor(count / 2);
      return [[0, middle - 1], [middle, count - 1]] as const;
    };
    await Promise.all(halves(users).map(([from, to]) => sql.unsafe(usersSql({ from, to }))));
    await Promise.all(
      halves(sessions).map(([from, to]) => sql.unsafe(sessionsSql({ from, to, users }))),
    );
    // Before there are indexes: then a vacuum has the rows alone to look at.
    await Promise.all([
      sql`vacuum (freeze, analyze) public.sessions`,
      sql`vacuum (freeze, analyze) auth.users`,
    ]);
    await restore();
    await sql`checkpoint`;
  } finally {
    await sql.end();
  }
}

interface Range {
  readonly from: number;
  readonly to: number;
}

function usersSql({ from, to }: Range): string {
  return `
    insert into auth.users (
      instance_id, id, aud, role, email, encrypted_password, email_confirmed_at,
      confirmation_token, recovery_token, email_change_token_new, email_change,
      raw_app_meta_data, raw_user_meta_data, created_at, updated_at
    )
    select
      '00000000-0000-0000-0000-000000000000', md5('user ' || u)::uuid, 'authenticated',
      'authenticated', 'person.' || u || '@example.com',
      '$2a$10$PDfMBRAhHx9xoVvIgVTFuO.TknYfPAsBiNJ5DVfqHxZXuPYn5j7Dq', now() - interval '1 year',
      '', '', '', '', '{"provider": "email", "providers": ["email"]}',
      jsonb_build_object('display_name', 'Person ' || u), now() - interval '1 year',
      now() - interval '1 day'
    from generate_series(${from}, ${to}) as u`;
}

function sessionsSql({ from, to, users }: Range & { users: number }): string {
  return `
    insert into public.sessions (
      id, user_id, is_valid, created_at, last_active_at, access_token_expires_at,
      refresh_token_expires_at, generation, branch, refresh_token_hash,
      previous_refresh_token_hash, previous_branch, issued_at, confirmed_at, lineage, ip,
      user_agent, aal, amr, revoked_at, revoked_reason
    )
    select
      ${sessionId("i")},
      md5('user ' || ${userOf("i", users)})::uuid,
      state in ('live', 'expired'),
      issued_at - make_interval(days => (${loadedGeneration("i")} / 6)),
      issued_at,
      issued_at + interval '1 hour',
      issued_at + interval '30 days',
      ${loadedGeneration("i")},
      0,
      ${tokenHash("i", loadedGeneration("i"))},
      sha256(int4send(i)),
      0,
      issued_at,
      issued_at + interval '5 minutes',
      '\\x0000000000000000',
      '203.0.113.0'::inet + i % 250,
      ${userAgent("120 + i % 20")},
      'aal1',
      '[{"method": "password", "timestamp": 1790000000}]',
      case when state in ('ended', 'forgotten') then issued_at + interval '1 minute' end,
      case when state in ('ended', 'forgotten') then 'logout'::public.session_revoked_reason end
    from generate_series(${from}, ${to}) as i,
      lateral (select case
        when i % 100 < ${OF_HUNDRED.expired.from} then 'live'
        when i % 100 < ${OF_HUNDRED.ended.from} then 'expired'
        when i % 100 < ${OF_HUNDRED.forgotten.from} then 'ended'
        else 'forgotten'
      end) as s (state),
      lateral (select now() - make_interval(secs => case state
        when 'live' then 600 + i::bigint * 7919 % (29 * 86400)
        when 'forgotten' then 100 * 86400 + i::bigint * 7919 % (20 * 86400)
        else 31 * 86400 + i::bigint * 7919 % (58 * 86400)
      end)) as t (issued_at)`;
}

/** Sessions in the order of their numbers: everybody's first, then the second of those who have one … */
function userOf(i: string, users: number): string {
  let before = 0;
  const cases = SHARES.map((share) => {
    const first = before;
    before += Math.ceil(users * share);
    return `when ${i} < ${before} then ${i} - ${first}`;
  });
  return `(case ${cases.join(" ")} end)`;
}

/**
 * Drops what slows a bulk load down, indexes and constraints; answers how to put it back. Those of
 * `auth.users` do not come back but for its key: the functions read a user by it, and nothing here
 * writes one. What guards the rows of `public.sessions` guards what is written from then on: that the
 * loaded ones keep it follows from how they are made, and `tests/bench/population_test.ts` checks it.
 */
async function dropGuards(sql: postgres.Sql): Promise<() => Promise<void>> {
  const indexes = await sql<{ name: string; definition: string; ours: boolean }[]>`
    select i.indexrelid::regclass::text as name, pg_get_indexdef(i.indexrelid) as definition,
      i.indrelid = 'public.sessions'::regclass as ours
    from pg_index as i
    where i.indrelid in ('public.sessions'::regclass, 'auth.users'::regclass)
      and not exists (select 1 from pg_constraint as c where c.conindid = i.indexrelid)`;
  const constraints = await sql<{ name: string; definition: string; ours: boolean }[]>`
    select quote_ident(c.conname) as name, pg_get_constraintdef(c.oid) as definition,
      c.conrelid = 'public.sessions'::regclass as ours
    from pg_constraint as c
    where c.conrelid in ('public.sessions'::regclass, 'auth.users'::regclass)
      and (c.contype in ('c', 'f') or c.contype = 'u' and c.conrelid = 'auth.users'::regclass)`;
  for (const { name } of indexes) await sql.unsafe(`drop index ${name}`);
  for (const { name, ours } of constraints) {
    await sql.unsafe(`alter table ${tableOf(ours)} drop constraint ${name}`);
  }
  await sql`alter table public.sessions drop constraint sessions_pkey`;
  await sql`alter table auth.users drop constraint users_pkey cascade`;
  return async () => {
    // All at once on one table, as adding a key would not let them.
    const builds = [
      "create unique index sessions_pkey on public.sessions (id)",
      ...indexes.filter(({ ours }) => ours).map(({ definition }) => definition),
      "create unique index users_pkey on auth.users (id)",
    ];
    await Promise.all(builds.map((statement) => sql.unsafe(statement)));
    await sql`alter table public.sessions add primary key using index sessions_pkey`;
    await sql`alter table auth.users add primary key using index users_pkey`;
    for (const { name, definition, ours } of constraints) {
      if (ours) {
        await sql.unsafe(
          `alter table ${tableOf(ours)} add constraint ${name} ${definition} not valid`,
        );
      }
    }
  };
}

const tableOf = (ours: boolean) => ours ? "public.sessions" : "auth.users";
