/**
 * Shared by all contenders: one PostgreSQL with a project's database, the gateway before it, and people who
 * have signed in, so that every cookie that is presented is one which our functions have given.
 *
 * @module
 */

import { randomBytes } from "node:crypto";
import type postgres from "postgres";
import { makeSecrets } from "../local/platform/secrets.ts";
import { functionEnvironment } from "../local/platform/stack.ts";
import { startTestServer, type TestDatabase } from "../local/testing/test_server.ts";
import { createProofKey, type ProofKey } from "../tests/behaviour/http/proof_key.ts";
import { POLICY_ARGUMENT } from "../tests/behaviour/sql/sql_sessions.ts";
import { insertPeople } from "../tests/harness/people.ts";
import { collectCookies, type Visitor } from "./load.ts";
import { type ServerProcess, startServer } from "./server_process.ts";

export interface Lab extends AsyncDisposable {
  /** The process of PostgreSQL. */
  readonly postmaster: number;
  readonly gateway: ServerProcess;
  readonly database: TestDatabase;
  readonly visitors: {
    /** Each holds both cookies. */
    readonly signedIn: Visitor[];
    /** A server of the other algorithm takes none of their access tokens: its `validate` would refresh each. */
    readonly hs256: Visitor[];
    /** Their sessions are bound to their keys. */
    readonly bound:
      (Visitor & { readonly key: ProofKey; readonly headers: Record<string, string> })[];
    /** The sessions of `signedIn` once more, by what stands in their rows. */
    readonly floor: Visitor[];
    /** Come to sign in. Their passwords are hashed as Supabase Auth does it. */
    readonly logins: Visitor[];
  };
  /** An empty database on the same server, for a peer. */
  createDatabase(): Promise<TestDatabase>;
  startOurs(options: OursOptions): Promise<ServerProcess>;
  /** Of `servers/`, with the environment of a function. */
  startFloor(program: string, options?: FloorOptions): Promise<ServerProcess>;
}

export interface OursOptions {
  /** @default {"unified-auth"} */
  readonly functionName?: "unified-auth" | "validate-session" | undefined;
  /** @default {"postgres"} */
  readonly store?: "postgres" | "data-api" | undefined;
  /** @default {"ES256"} */
  readonly algorithm?: "ES256" | "HS256" | undefined;
}

interface FloorOptions extends Pick<OursOptions, "algorithm"> {
  /** Which one of `floors.ts`. */
  readonly floor?: string;
}

export const PASSWORD = "correct-horse-battery-staple";
const LOGINS = 64;

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
  const environment = (algorithm: OursOptions["algorithm"]) => ({
    ...functionEnvironment({ baseUrl: gateway.url, secrets, databaseUrl: database.url }),
    ...(algorithm === "HS256" ? { SESSION_SIGNING_KEYS: HS256_KEY } : {}),
    SESSION_WINDOW_SECONDS: String(REUSE_INTERVAL_SECONDS),
  });
  const startOurs: Lab["startOurs"] = (
    { functionName = "unified-auth", store = "postgres", algorithm },
  ) =>
    startServer({
      program: `supabase/functions/${functionName}/index.ts`,
      environment: { ...environment(algorithm), SESSION_STORE: store },
    });

  const sql = database.connectAs("supabase_admin", { max: 1 });
  const createPeople = async (count: number, bcryptCost = 4): Promise<Visitor[]> => {
    const ids = Array.from({ length: count }, () => crypto.randomUUID());
    const people = ids.map((id) => ({ id, email: `${id}@example.com` }));
    await insertPeople(sql, people, { password: PASSWORD, bcryptCost });
    return people.map(({ email }) => ({ cookies: {}, body: { email, password: PASSWORD } }));
  };
  const signIn = async <Person extends Visitor>(
    people: Person[],
    algorithm?: OursOptions["algorithm"],
  ) => {
    await using server = await startOurs({ algorithm });
    const url = `${server.url}/unified-auth/login`;
    await collectCookies({ url, method: "POST", visitors: people });
    return people.map(({ body: _, ...visitor }) => visitor);
  };

  const signedIn = await signIn(await createPeople(sessions));
  const floor = await copySessions(sql); // before others have signed in
  const keyHolders = (await createPeople(sessions / 2)).map(async (person) => {
    const key = await createProofKey();
    const dpop = await key.prove({ route: "login", challenge: null });
    return { ...person, key, headers: { dpop } };
  });
  const visitors = {
    signedIn,
    hs256: await signIn(await createPeople(sessions), "HS256"),
    bound: await signIn(await Promise.all(keyHolders)),
    floor,
    logins: await createPeople(LOGINS, 10),
  };
  const resources = stack.move();
  return {
    postmaster: server.pid,
    gateway,
    database,
    visitors,
    createDatabase: () => server.createDatabase(),
    startOurs,
    startFloor: (program, { floor = "", algorithm } = {}) =>
      startServer({
        program: `bench/servers/${program}`,
        environment: { ...environment(algorithm), FLOOR: floor, POLICY },
      }),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

/**
 * Sessions once more under ids that pgbench can compute, twice: what rotates a floor's sessions must touch
 * neither those of the functions nor those of pgbench.
 */
async function copySessions(sql: postgres.Sql): Promise<Visitor[]> {
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
    select concat_ws('.',
      s.id, s.generation, encode(s.refresh_token_hash, 'hex'), encode(s.lineage, 'hex')) as floor
    from generate_series(1, (select count(*) from public.sessions) / 3) as n
      join public.sessions as s on s.id = md5('floor ' || n)::uuid`;
  await sql`vacuum analyze public.sessions`;
  return rows.map(({ floor }) => ({ cookies: { floor } }));
}

/** The same for all processes of a run. */
const HS256_KEY = JSON.stringify({
  kty: "oct",
  alg: "HS256",
  kid: "bench",
  k: randomBytes(32).toString("base64url"),
});
