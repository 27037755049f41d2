/**
 * Shared by all contenders: one PostgreSQL with a project's database, the gateway before it, and people who
 * have signed in, so that every cookie that is presented is one which our functions, or a peer, have given.
 *
 * @module
 */

import { randomBytes } from "node:crypto";
import type postgres from "postgres";
import { makeSecrets } from "../local/platform/secrets.ts";
import { functionEnvironment } from "../local/platform/stack.ts";
import { startTestServer } from "../local/testing/test_server.ts";
import { loadOnce } from "../supabase/functions/_shared/load_once.ts";
import { createProofKey } from "../tests/behaviour/http/proof_key.ts";
import { POLICY_ARGUMENT } from "../tests/behaviour/sql/sql_sessions.ts";
import { insertPeople } from "../tests/harness/people.ts";
import { collectCookies, type Visitor } from "./load.ts";
import { type ServerOptions, type ServerProcess, startServer } from "./server_process.ts";

export interface Lab extends AsyncDisposable {
  /** The process of PostgreSQL. */
  readonly postmaster: number;
  readonly gateway: ServerProcess;
  readonly databaseUrl: string;
  readonly visitors: Awaited<ReturnType<typeof createVisitors>>;
  /** Starts a fresh process with the environment of a function, and what `options` have beside it. */
  start(options: ServerOptions): Promise<ServerProcess>;
}

export const UNIFIED_AUTH = { program: "supabase/functions/unified-auth/index.ts" };
export const BETTER_AUTH = { program: "bench/servers/better_auth.ts" };
export const EXPRESS_SESSION = {
  program: "bench/servers/express_session.ts",
  command: "run",
} as const;

/** The environment of a server that signs by this algorithm; by ES256 without it. */
export const HS256 = {
  SESSION_SIGNING_KEYS: JSON.stringify({
    kty: "oct",
    alg: "HS256",
    kid: "bench",
    k: randomBytes(32).toString("base64url"),
  }),
};

const PASSWORD = "correct-horse-battery-staple";
const LOGINS = 64;
const BCRYPT_COST = 10; // Supabase Auth's, for those whose login is measured

/** As short as it may be. */
export const REUSE_INTERVAL_SECONDS = 1;

/** The settings of floors and of pgbench: every call rotates, however soon a visitor comes back. */
export const POLICY = JSON.stringify({ ...POLICY_ARGUMENT, reuse_interval_seconds: 0 });

/** As on a project: what was committed is on disk. No checkpoint comes in the middle of a measurement. */
const POSTGRES_SETTINGS = {
  fsync: "on",
  full_page_writes: "on",
  shared_buffers: "256MB",
  max_wal_size: "8GB",
  checkpoint_timeout: "1h",
};

/** @param options.sessions how many of each kind of visitor that has signed in, or half as many */
export async function openLab({ sessions }: { readonly sessions: number }): Promise<Lab> {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(
    await startTestServer({ settings: POSTGRES_SETTINGS, storage: "disk" }),
  );
  const database = stack.use(await server.createDatabase());
  const secrets = await makeSecrets();
  const gateway = stack.use(
    await startServer({
      program: "bench/servers/gateway.ts",
      command: "run",
      environment: { SUPABASE_DB_URL: database.url, SECRETS: JSON.stringify(secrets) },
    }),
  );
  const environment = {
    ...functionEnvironment({ baseUrl: gateway.url, secrets, databaseUrl: database.url }),
    SESSION_STORE: "postgres",
    SESSION_WINDOW_SECONDS: String(REUSE_INTERVAL_SECONDS),
    POLICY,
    NODE_ENV: "production",
  };
  const start: Lab["start"] = (options) =>
    startServer({ ...options, environment: { ...environment, ...options.environment } });

  const sql = database.connectAs("supabase_admin", { max: 1 });
  const visitors = await createVisitors(sql, start, sessions);
  const resources = stack.move();
  return {
    postmaster: server.pid,
    gateway,
    databaseUrl: database.url,
    visitors,
    start,
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

/** Those that not every contender needs come to be when one first wants them. */
async function createVisitors(sql: postgres.Sql, start: Lab["start"], sessions: number) {
  const createPeople = async (count: number, bcryptCost = 4): Promise<Visitor[]> => {
    const ids = Array.from({ length: count }, () => crypto.randomUUID());
    const people = ids.map((id) => ({ id, email: `${id}@example.com` }));
    await insertPeople(sql, people, { password: PASSWORD, bcryptCost });
    return people.map(({ email }) => ({ cookies: {}, body: { email, password: PASSWORD } }));
  };
  const enter = async (people: readonly Visitor[], path: string, options: ServerOptions) => {
    await using server = await start(options);
    const visitors = await collectCookies(`${server.url}${path}`, people);
    await sql`vacuum analyze`;
    return visitors;
  };
  const signIn = (people: readonly Visitor[], environment = {}) =>
    enter(people, "/unified-auth/login", { ...UNIFIED_AUTH, environment });

  const signedIn = await signIn(await createPeople(sessions));
  const floor = await copySessions(sql); // before others have signed in
  const newcomers = Array.from({ length: sessions / 2 }, createNewcomer);
  const betterAuth = loadOnce(() =>
    enter(newcomers, "/api/auth/sign-up/email", {
      ...BETTER_AUTH,
      environment: { ONE_PASSWORD: PASSWORD },
    })
  );
  return {
    signedIn: () => Promise.resolve(signedIn),
    floor: () => Promise.resolve(floor),
    // A server of the other algorithm takes none of their access tokens: its `validate` would refresh each.
    hs256: loadOnce(async () => await signIn(await createPeople(sessions), HS256)),
    bound: loadOnce(async () => {
      const people = await createPeople(sessions / 2);
      return await signIn(await Promise.all(people.map(withKey)));
    }),
    logins: loadOnce(() => createPeople(LOGINS, BCRYPT_COST)),
    betterAuth,
    async betterAuthLogins() {
      await betterAuth();
      return newcomers.slice(0, LOGINS);
    },
    expressSession: loadOnce(() => enter(newcomers, "/login", EXPRESS_SESSION)),
  };
}

/** Proves a key at the login, and at a refresh over the challenge of the last answer. */
async function withKey(person: Visitor): Promise<Visitor> {
  const key = await createProofKey();
  return {
    ...person,
    headers: { dpop: await key.prove({ route: "login", challenge: null }) },
    async prepare(this: Visitor) {
      const { challenge } = JSON.parse(this.answer ?? "{}").session;
      this.headers = { dpop: await key.prove({ route: "refresh", challenge }) };
    },
  };
}

/** Somebody who signs up with a peer. */
function createNewcomer(): Visitor {
  const name = crypto.randomUUID();
  const body = { name, email: `${name}@example.com`, password: PASSWORD };
  return { cookies: {}, headers: { origin: "https://app.example.com" }, body };
}

/**
 * Sessions once more under ids that pgbench can compute, twice: what rotates a floor's sessions must touch
 * neither those of the functions nor those of pgbench.
 */
async function copySessions(sql: postgres.Sql): Promise<Visitor[]> {
  const rows = await sql`
    with numbered as (select s as session, row_number() over () as n from public.sessions as s),
    copied as (
      insert into public.sessions
      select (jsonb_populate_record(
        session,
        jsonb_build_object('id', md5(copy || n)::uuid, 'identity_session_id', gen_random_uuid())
      )).*
      from numbered, unnest(array['floor ', 'pgbench ']) as copy
      returning *
    )
    select concat_ws('.',
      id, generation, encode(refresh_token_hash, 'hex'), encode(lineage, 'hex')) as floor
    from numbered join copied on id = md5('floor ' || n)::uuid`;
  await sql`vacuum analyze public.sessions`;
  return rows.map(({ floor }) => ({ cookies: { floor } }));
}
