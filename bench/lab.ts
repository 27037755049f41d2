/**
 * Shared by all contenders: one PostgreSQL with a project's database, the gateway before it, and people who
 * have signed in, so that every cookie that is presented is one which our functions have given.
 *
 * @module
 */

import { createHash } from "node:crypto";
import type postgres from "postgres";
import { findFreePort } from "../local/platform/postgres/server.ts";
import { makeSecrets } from "../local/platform/secrets.ts";
import { startTestServer, type TestDatabase } from "../local/testing/test_server.ts";
import { type Gateway, startGateway } from "./gateway_process.ts";
import { createProofKey, type ProofKey } from "../tests/behaviour/http/proof_key.ts";
import { load, type Visitor } from "./load.ts";
import { type ServerProcess, startServer } from "./server_process.ts";

export const PASSWORD = "correct-horse-battery-staple";

/** Two sessions a person, of the five that are allowed. */
const SESSIONS_PER_PERSON = 2;
const LOGINS = 64;

/** As short as it may be. */
export const REUSE_INTERVAL_SECONDS = 1;

/** A browser whose sessions are bound to its key. */
export interface BoundVisitor extends Visitor {
  readonly key: ProofKey;
  readonly headers: Record<string, string>;
}

export type Store = "direct" | "rpc";
export type Algorithm = "ES256" | "HS256";

export interface OursOptions {
  readonly store: Store;
  /** @default {"ES256"} */
  readonly algorithm?: Algorithm;
  /** @default {"unified-auth"} */
  readonly functionName?: "unified-auth" | "validate-session";
}

export interface Lab extends AsyncDisposable {
  /** Of PostgreSQL, for its CPU time. */
  readonly postmaster: number;
  readonly gateway: Gateway;
  readonly database: TestDatabase;
  /**
   * Of the functions: every one holds both cookies. A server of the other algorithm would take none of their
   * access tokens, and `validate` would refresh each.
   */
  readonly signedIn: Readonly<Record<Algorithm, readonly Visitor[]>>;
  /** Half as many, each bound to a key. */
  readonly bound: readonly BoundVisitor[];
  /** Of the floors: the same sessions once more, by what stands in their rows. */
  readonly floor: readonly Visitor[];
  /** People who come to sign in, with passwords of bcrypt's cost 10 as Supabase Auth keeps them. */
  readonly logins: readonly Visitor[];
  /** An empty database on the same server, for a peer. */
  createDatabase(): Promise<TestDatabase>;
  startOurs(options: OursOptions): Promise<ServerProcess>;
  /** A floor, with the environment of a function. */
  startFloor(program: string, algorithm?: Algorithm): Promise<ServerProcess>;
}

/** As on a project: what was committed is on disk. No checkpoint comes in the middle of a measurement. */
const POSTGRES_SETTINGS = {
  fsync: "on",
  full_page_writes: "on",
  shared_buffers: "256MB",
  max_wal_size: "8GB",
  checkpoint_timeout: "1h",
};

export async function openLab({ sessions }: { readonly sessions: number }): Promise<Lab> {
  const stack = new AsyncDisposableStack();
  try {
    const server = stack.use(
      await startTestServer({ settings: POSTGRES_SETTINGS, storage: "disk" }),
    );
    const createDatabase = async () => stack.use(await server.createDatabase());
    const database = await createDatabase();
    const secrets = await makeSecrets();
    const gateway = stack.use(
      await startGateway({ databaseUrl: database.url, port: findFreePort(), secrets }),
    );
    const environment = (algorithm: Algorithm) => ({
      ...gateway.environment,
      ...(algorithm === "HS256" ? { SESSION_SIGNING_KEYS: hs256Key() } : {}),
      DATABASE_URL: database.url,
      SUPABASE_DB_URL: database.url,
      SESSION_WINDOW_SECONDS: String(REUSE_INTERVAL_SECONDS),
    });
    const startOurs: Lab["startOurs"] = (
      { store, algorithm = "ES256", functionName = "unified-auth" },
    ) =>
      startServer({
        program: `supabase/functions/${functionName}/index.ts`,
        config: "local/deno.json",
        environment: {
          ...environment(algorithm),
          SESSION_STORE: store === "direct" ? "postgres" : "data-api",
        },
      });
    const sql = database.connectAs("supabase_admin", { max: 1 });
    const signedUp = (prefix: string) =>
      createPeople(sql, {
        prefix,
        count: Math.ceil(sessions / SESSIONS_PER_PERSON),
        bcryptCost: 4, // their logins are not measured, they only make cookies
      });
    const signedIn = await signIn(await startOurs({ store: "direct" }), await signedUp("person"));
    const floor = await copySessions(sql);
    return {
      postmaster: server.pid,
      gateway,
      database,
      logins: await createPeople(sql, { prefix: "login", count: LOGINS, bcryptCost: 10 }),
      signedIn: {
        ES256: signedIn,
        HS256: await signIn(
          await startOurs({ store: "direct", algorithm: "HS256" }),
          await signedUp("hs256"),
        ),
      },
      floor,
      bound: await signInBound(await startOurs({ store: "direct" }), await signedUp("bound")),
      createDatabase,
      startOurs,
      startFloor: (program, algorithm = "ES256") =>
        startServer({ program: `bench/servers/${program}`, environment: environment(algorithm) }),
      [Symbol.asyncDispose]: () => stack.disposeAsync(),
    };
  } catch (thrown) {
    await stack.disposeAsync();
    throw thrown;
  }
}

async function createPeople(
  sql: postgres.Sql,
  { prefix, count, bcryptCost }: {
    readonly prefix: string;
    readonly count: number;
    readonly bcryptCost: number;
  },
): Promise<readonly Visitor[]> {
  const emails = Array.from({ length: count }, (_, number) => `${prefix}-${number}@example.com`);
  await sql`
    insert into auth.users (
      instance_id, id, aud, role, email, encrypted_password, email_confirmed_at,
      confirmation_token, recovery_token, email_change_token_new, email_change,
      raw_app_meta_data, raw_user_meta_data, created_at, updated_at
    )
    select
      '00000000-0000-0000-0000-000000000000', gen_random_uuid(), 'authenticated', 'authenticated',
      email, password.hash, now(), '', '', '', '',
      '{"provider": "email", "providers": ["email"]}', '{}', now(), now()
    from unnest(${emails}::text[]) as email,
      (select extensions.crypt(${PASSWORD}, extensions.gen_salt('bf', ${bcryptCost})) as hash)
        as password`;
  return emails.map((email) => ({ cookies: {}, body: { email, password: PASSWORD } }));
}

async function signIn(
  server: ServerProcess,
  people: readonly Visitor[],
): Promise<readonly Visitor[]> {
  const visitors = people.flatMap((person) =>
    Array.from({ length: SESSIONS_PER_PERSON }, () => ({ ...person, cookies: {} }))
  );
  await logInAll(server, visitors);
  return visitors.map(({ cookies }) => ({ cookies }));
}

async function signInBound(
  server: ServerProcess,
  people: readonly Visitor[],
): Promise<readonly BoundVisitor[]> {
  const visitors = await Promise.all(people.map(async (person) => {
    const key = await createProofKey();
    const proof = await key.prove({ route: "login", challenge: null });
    return { ...person, key, cookies: {}, headers: { dpop: proof } };
  }));
  await logInAll(server, visitors);
  return visitors.map(({ key, cookies, headers }) => ({ key, cookies, headers }));
}

/** Each keeps the cookies that it is given. */
async function logInAll(server: ServerProcess, visitors: readonly Visitor[]): Promise<void> {
  await using _ = server;
  await load({
    url: `${server.url}/unified-auth/login`,
    method: "POST",
    visitors,
    connections: 8,
    amount: visitors.length,
    follow: true,
  });
}

/**
 * Sessions once more under ids that pgbench can compute, twice: what rotates a floor's sessions must touch
 * neither those of the functions nor those of pgbench.
 */
async function copySessions(sql: postgres.Sql): Promise<readonly Visitor[]> {
  await sql`
    insert into public.sessions
    select (jsonb_populate_record(
      numbered.session,
      jsonb_build_object(
        'id', md5(copy.name || ' ' || numbered.n)::uuid, 'identity_session_id', gen_random_uuid()
      )
    )).*
    from (select s as session, row_number() over () as n from public.sessions as s) as numbered,
      (values ('floor'), ('pgbench')) as copy (name)`;
  const rows = await sql`
    select s.id, s.generation, encode(s.refresh_token_hash, 'hex') as hash,
      encode(s.lineage, 'hex') as lineage
    from generate_series(1, (select count(*) from public.sessions) / 3) as n
      join public.sessions as s on s.id = md5('floor ' || n)::uuid`;
  await sql`vacuum analyze public.sessions`;
  return rows.map(({ id, generation, hash, lineage }) => ({
    cookies: { floor: [id, generation, hash, lineage].join(".") },
  }));
}

/** The same for all processes of a run. */
function hs256Key(): string {
  const k = createHash("sha256").update("a key of the benchmark").digest("base64url");
  return JSON.stringify({ kty: "oct", alg: "HS256", kid: "bench", k });
}
