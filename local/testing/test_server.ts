/**
 * Test infrastructure: one PostgreSQL server with a migrated and seeded template, databases cloned from
 * it in tens of milliseconds, and a whole stack over such a database when a test wants one.
 *
 * @module
 */
import { statfs } from "node:fs/promises";
import postgres from "postgres";
import {
  type Cluster,
  LOCAL_PASSWORD,
  openCluster,
  SUPERUSER,
} from "../platform/postgres/data_directory.ts";
import { findFreePort, type PostgresServer, startPostgres } from "../platform/postgres/server.ts";
import {
  prepareProjectDatabase,
  prepareProjectRoles,
} from "../platform/postgres/project_database.ts";
import { runMigrations } from "../platform/migrations.ts";
import { cacheFunctions } from "../platform/function_processes.ts";
import { makeSecrets } from "../platform/secrets.ts";
import { SEED_USERS } from "../platform/seed_users.ts";
import { type Stack, type StackOptions, startStack } from "../platform/stack.ts";
import { cloneDatabase, TEMPLATE, type TestDatabase } from "./test_database.ts";

export type { TestDatabase } from "./test_database.ts";

/** A server for tests. */
export interface TestServer extends AsyncDisposable {
  readonly port: number;
  /** Of the postmaster; `undefined` when the server belongs to another process. */
  readonly pid: number | undefined;
  /** Clones the template. */
  createDatabase(): Promise<TestDatabase>;
  /** A whole project on a new database. */
  startStack(options?: TestStackOptions): Promise<TestStack>;
  /** Ends what this object started, and removes its files. */
  close(): Promise<void>;
}

/** A test's choices for its stack; the rest has defaults. */
export interface TestStackOptions
  extends Omit<Partial<StackOptions>, "databaseUrl" | "projectDirectory"> {
  /** An existing database to serve, instead of a fresh one. It is not dropped with the stack. */
  readonly database?: TestDatabase;
}

/** A stack and its database, which end together. */
export interface TestStack extends Stack {
  readonly database: TestDatabase;
  /** Makes a user with Supabase Auth's admin API, its e-mail confirmed. Answers its id. */
  createUser(user: { readonly email: string; readonly password: string }): Promise<string>;
}

/** A server that a test may stop, kill and start again. */
export interface OwnTestServer extends TestServer {
  readonly pid: number;
  /**
   * Starts again, on the same port with the same data, what `stop` or `kill` ended.
   *
   * @param settings to start with from now on. @default {those it had}
   */
  start(settings?: Readonly<Record<string, string>>): Promise<void>;
  stop(): Promise<void>;
  kill(): Promise<void>;
  /** Freezes every process of the server: what asks it waits, nothing is refused. */
  pause(): Promise<void>;
  resume(): void;
}

/**
 * bcrypt's lowest: a check takes a millisecond, and a tenth of a second at Supabase Auth's cost. Tests sign
 * in thousands of times; those of the time that it takes set a cost for themselves.
 */
const BCRYPT_COST = 4;

const SHARED_SERVER = "UNIFIED_AUTH_TEST_SERVER";

const STORE = "UNIFIED_AUTH_TEST_STORE";

/** Which `SESSION_STORE` the functions of a test's stack use where the test does not say. */
export function testStore(): "data-api" | "postgres" {
  return Deno.env.get(STORE) === "postgres" ? "postgres" : "data-api";
}

/** The environment that chooses the store for tests in other processes. */
export function testStoreEnvironment(store: "data-api" | "postgres"): Record<string, string> {
  return { [STORE]: store };
}

/**
 * Nothing of a test's data has to survive a crash of the machine. A killed server must still lose
 * nothing that was committed, so `synchronous_commit` stays on.
 */
const TEST_SETTINGS = {
  fsync: "off",
  full_page_writes: "off",
  max_connections: "300",
  shared_buffers: "128MB",
  max_wal_size: "256MB",
};

/**
 * A file system in memory, where there is one with room: a database is a thousand files, and to clone it
 * takes 25 ms there and 250 ms on a disk.
 */
const IN_MEMORY = "/dev/shm";
const ROOM_BYTES = 2 * 1024 ** 3;

async function hasRoomInMemory(): Promise<boolean> {
  try {
    const { bavail, bsize } = await statfs(IN_MEMORY);
    return bavail * bsize >= ROOM_BYTES;
  } catch {
    return false; // there is none
  }
}

/** The server that the runner shares with all files, or a new one. */
export async function openTestServer(): Promise<TestServer> {
  const runner = Deno.env.get(SHARED_SERVER);
  if (runner === undefined) return await startTestServer();
  const response = await fetch(runner);
  if (!response.ok) throw new TypeError(`Cannot open a test server: ${await response.text()}`);
  const { port } = await response.json();
  return {
    port,
    pid: undefined,
    createDatabase: () => cloneDatabase(port),
    startStack: (options) => startTestStack(port, options),
    close: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** A server that starts when the first `openTestServer` of another process asks for it. */
export interface SharedTestServer extends AsyncDisposable {
  /** The variables that those processes need. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Of the roles: a third of the CPU of a connection, and a run of all tests opens thousands. */
const QUICK_SIGN_IN = { scram_iterations: "1" };

/** Lets many processes use one server. Where none of them asks, none is started. */
export function shareTestServer(): SharedTestServer {
  let starting: Promise<TestServer> | undefined;
  const runner = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async () => {
    try {
      const { port } = await (starting ??= startTestServer({ settings: QUICK_SIGN_IN }));
      return Response.json({ port });
    } catch (thrown) {
      return new Response(String(thrown), { status: 500 });
    }
  });
  return {
    environment: { [SHARED_SERVER]: `http://127.0.0.1:${runner.addr.port}` },
    async [Symbol.asyncDispose]() {
      await runner.shutdown();
      await (await starting?.catch(() => undefined))?.close();
    },
  };
}

/**
 * Starts a server with a fresh template.
 *
 * @param options.projectDirectory whose `supabase/` to migrate and seed. @default {this project}
 * @param options.storage `disk` where what it costs is measured. @default {memory, where there is room}
 */
export async function startTestServer(
  { projectDirectory = PROJECT, settings = {}, storage = "memory" }: {
    readonly projectDirectory?: string;
    readonly settings?: Readonly<Record<string, string>>;
    readonly storage?: "memory" | "disk";
  } = {},
): Promise<OwnTestServer> {
  const directory = await Deno.makeTempDir({
    prefix: "unified-auth-test-",
    ...storage === "memory" && await hasRoomInMemory() ? { dir: IN_MEMORY } : {},
  });
  await Deno.chmod(directory, 0o755);
  const cluster = await openCluster(`${directory}/postgres`);
  const port = findFreePort();
  let current = settings;
  const start = () => startPostgres({ cluster, port, settings: { ...TEST_SETTINGS, ...current } });
  let server = await start();
  let paused: readonly number[] = [];

  const close = async () => {
    await server.stop();
    await removeFiles(directory, cluster);
  };
  try {
    await Promise.all([
      makeTemplate(server, projectDirectory),
      cacheFunctions({ projectDirectory }),
    ]);
  } catch (thrown) {
    await close();
    throw thrown;
  }
  return {
    port,
    get pid() {
      return server.pid;
    },
    createDatabase: () => cloneDatabase(port),
    startStack: (options) => startTestStack(port, options),
    async start(settings = current) {
      current = settings;
      server = await start();
    },
    stop: () => server.stop(),
    kill: () => server.kill(),
    async pause() {
      const sql = postgres(server.url({ user: SUPERUSER }), { max: 1 });
      const rows = await sql<{ pid: number }[]>`
        select pid from pg_stat_activity where pid <> pg_backend_pid()`;
      await sql.end();
      paused = [server.pid, ...rows.map(({ pid }) => pid)];
      for (const pid of paused) signalIfThere(pid, "SIGSTOP");
    },
    resume() {
      for (const pid of paused) signalIfThere(pid, "SIGCONT");
      paused = [];
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** A connection that ended in the meantime has taken its process along. */
function signalIfThere(pid: number, signal: Deno.Signal): void {
  try {
    Deno.kill(pid, signal);
  } catch (thrown) {
    if (!(thrown instanceof Deno.errors.NotFound)) throw thrown;
  }
}

const PROJECT = new URL("../..", import.meta.url).pathname.replace(/\/$/, "");

async function startTestStack(port: number, options: TestStackOptions = {}): Promise<TestStack> {
  const database = options.database ?? await cloneDatabase(port);
  const dropDatabase = options.database ? () => Promise.resolve() : database.drop;
  const stack = await startStack({
    keepClientAddress: true,
    secrets: await makeSecrets(),
    ...options,
    environment: { SESSION_STORE: testStore(), ...options.environment },
    projectDirectory: PROJECT,
    databaseUrl: (role) => database.urlAs(role),
  }).catch(async (thrown: unknown) => {
    await dropDatabase();
    throw thrown;
  });
  stack.authSettings.bcryptCost = BCRYPT_COST;
  const stop = async () => {
    await stack.stop();
    await dropDatabase();
  };
  return {
    ...stack,
    database,
    stop,
    async createUser({ email, password }) {
      const response = await fetch(`${stack.baseUrl}/auth/v1/admin/users`, {
        method: "POST",
        headers: {
          apikey: stack.keys.secret,
          authorization: `Bearer ${stack.keys.secret}`,
          "content-type": "application/json",
        },
        body: JSON.stringify({ email, password, email_confirm: true }),
      });
      const { id, msg } = await response.json();
      if (!response.ok) throw new TypeError(`Cannot create ${email}: ${msg}`);
      return id;
    },
    [Symbol.asyncDispose]: stop,
  };
}

async function makeTemplate(server: PostgresServer, projectDirectory: string): Promise<void> {
  await prepareProjectRoles(server);
  await prepareProjectDatabase({ server, database: TEMPLATE });
  await runMigrations({ databaseUrl: server.url({ database: TEMPLATE }), projectDirectory });
  const sql = postgres(server.url({ database: TEMPLATE, user: SUPERUSER }), { max: 1 });
  // With the settings of the server, which had none when this role was made.
  await sql`alter role ${sql(SUPERUSER)} password '${sql.unsafe(LOCAL_PASSWORD)}'`;
  for (const { id, password } of Object.values(SEED_USERS)) {
    await sql`
      update auth.users
      set encrypted_password =
        extensions.crypt(${password}, extensions.gen_salt('bf', ${BCRYPT_COST}))
      where id = ${id}`;
  }
  await sql.end();
}

async function removeFiles(directory: string, cluster: Cluster): Promise<void> {
  await Deno.remove(directory, { recursive: true });
  if (!cluster.directory.startsWith(directory)) {
    await Deno.remove(cluster.directory, { recursive: true });
  }
}
