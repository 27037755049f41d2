import assert from "node:assert/strict";
import { insertPerson } from "../../harness/people.ts";
import { openTestServer, type TestStack } from "../../../local/testing/test_server.ts";
import { createDataApiFunctions } from "../../../supabase/functions/_shared/store/sql_functions_data_api.ts";
import { createPostgresFunctions } from "../../../supabase/functions/_shared/store/sql_functions_postgres.ts";
import { repeatRolledBack } from "../../../supabase/functions/_shared/store/sql_functions_repeat.ts";
import type { CallSqlFunction } from "../../../supabase/functions/_shared/store/sql_functions.ts";
import type { ThrottleBucket } from "../../../supabase/functions/_shared/store/session_store.ts";
import { ageSession } from "../../../local/testing/aging.ts";
import { contextOf, openSessionsBy } from "./sql_sessions.ts";

const server = await openTestServer();
const stack = await server.startStack({ functions: [] });
const admin = stack.database.connectAs("supabase_admin", { max: 1 });
await admin`set default_transaction_read_only = off`;
Deno.test.afterAll(async () => {
  await stack.stop();
  await server.close();
});

/** Settings that no operator changes for a whole database, or only to say that nothing shall be served. */
const LEFT_OUT = [
  /^(?:role|session_authorization|seed|is_superuser|client_encoding)$/,
  /^transaction_(?:isolation|read_only|deferrable)$/, // of one transaction
  /^default_transaction_read_only$/, // tests/resilience/fault/read_only_database_test.ts
  /^session_replication_role$/, // switches triggers off: the doctor's schema check is about those
  /^(?:zero_damaged_pages|ignore_checksum_failure|ignore_system_indexes|allow_in_place_tablespaces)$/,
  /^(?:max_stack_depth|debug_discard_caches|wal_consistency_checking|allow_system_table_mods)$/,
  /^(?:log_|debug_print|trace_)|_min_messages$|^backtrace_functions$/, // the log, and nothing else
  /^exit_on_error$/, // of an interactive session
];

/** Of settings that are words. Others of them name files, libraries and tablespaces. */
const WORDS: Readonly<Record<string, readonly string[]>> = {
  "DateStyle": ["German, DMY", "SQL, DMY", "Postgres, YMD"],
  "TimeZone": ["Asia/Kathmandu", "America/St_Johns", "UTC"],
  "search_path": ["pg_temp, public", "''", "extensions"],
  "lc_messages": ["C", "C.UTF-8"],
  "lc_monetary": ["C", "C.UTF-8"],
  "lc_numeric": ["C", "C.UTF-8"],
  "lc_time": ["C", "C.UTF-8"],
  "application_name": ["somebody"],
  "default_text_search_config": ["pg_catalog.german"],
  "plpgsql.extra_errors": ["all", "none"],
  "plpgsql.extra_warnings": ["all", "none"],
};

/** In milliseconds, for limits of time: as an operator may set them for an app. */
const TIMEOUTS = ["5000", "30000"];

interface Setting {
  readonly name: string;
  readonly vartype: string;
  readonly enumvals: readonly string[] | null;
  readonly min_val: string;
  readonly max_val: string;
  readonly boot_val: string;
}

function valuesOf({ name, vartype, enumvals, min_val, max_val, boot_val }: Setting): string[] {
  if (LEFT_OUT.some((pattern) => pattern.test(name))) return [];
  if (name.endsWith("_timeout")) return TIMEOUTS;
  switch (vartype) {
    case "bool":
      return [boot_val === "on" ? "off" : "on"];
    case "enum":
      return (enumvals ?? []).filter((value) => value !== boot_val);
    case "integer":
    case "real":
      return [min_val, max_val].filter((value) => value !== boot_val);
    default:
      return [...(WORDS[name] ?? [])];
  }
}

type Change = readonly [name: string, value: string];

async function listChanges(): Promise<readonly Change[]> {
  await admin.unsafe("load 'plpgsql'");
  const settings = await admin<Setting[]>`
    select name, vartype, enumvals, min_val, max_val, boot_val
    from pg_settings where context in ('user', 'superuser') order by name`;
  return settings.flatMap((setting) =>
    valuesOf(setting).map((value): Change => [setting.name, value])
  );
}

/** For all new connections; those that the data API keeps are ended. */
async function apply(changes: readonly Change[]): Promise<void> {
  const { name } = stack.database;
  await admin.unsafe(`alter database ${name} reset all`);
  for (const [setting, value] of changes) {
    const quoted = setting === "search_path" ? value : `'${value}'`;
    await admin.unsafe(`alter database ${name} set ${setting} = ${quoted}`)
      .catch((thrown: { code?: string }) => {
        if (thrown.code !== "22023") throw thrown; // not in this build of PostgreSQL
      });
  }
  await admin`
    select pg_terminate_backend(a.pid) from pg_stat_activity as a
    where a.datname = current_database() and a.application_name = 'postgrest'`;
}

interface Route {
  readonly call: CallSqlFunction;
  close(): Promise<void>;
}

const ROUTES: Readonly<Record<string, (stack: TestStack) => Route>> = {
  "data-api": ({ baseUrl, keys }) => ({
    call: createDataApiFunctions({
      supabaseUrl: baseUrl,
      secretKey: keys.secret,
      batchRequests: 2,
      timeoutMs: 5_000,
      fetch,
    }),
    close: () => Promise.resolve(),
  }),
  postgres: ({ database }) => {
    const { hostname, port, username, password } = new URL(database.url);
    return createPostgresFunctions({
      address: {
        host: hostname,
        port: Number(port),
        user: username,
        password,
        database: database.name,
        tls: "off",
      },
      poolSize: 4,
      batchConnections: 2,
      connectTimeoutMs: 2_000,
      timeoutMs: 5_000,
    });
  },
};

/** Processes of the functions, each with separate connections. */
const PROCESSES = 5;
const REFRESHES_A_PROCESS = 4;

/** The store's answers to one session from login to logout, without what is different each time. */
async function live(route: keyof typeof ROUTES): Promise<unknown> {
  const processes = Array.from(
    { length: PROCESSES },
    () => ROUTES[route]?.(stack) ?? assert.fail(route),
  );
  try {
    const everywhere = await Promise.all(processes.map(async ({ call }) => {
      await call("database_is_read_only", {}).catch(() => {}); // an ended connection is reported once
      return openSessionsBy(repeatRolledBack(call));
    }));
    const sessions = everywhere[0] ?? assert.fail();
    const { store } = sessions;
    const userId = await insertPerson(admin);
    const first = await sessions.signIn(userId);
    const validated = await sessions.validate(first);
    const unchanged = await sessions.rotate(first);
    await ageSession(admin, first.sessionId, 7_200);
    const rotated = await sessions.rotate(first);
    const crowd = await Promise.all(
      everywhere.flatMap((each) =>
        Array.from({ length: REFRESHES_A_PROCESS }, () => each.rotate(first))
      ),
    );
    const held = rotated.held ?? assert.fail(rotated.answer.outcome);
    const listed = await store.listSessions(held, contextOf());
    const forged = await sessions.rotate(sessions.forge(held));
    const admission = await store.admitLogin([1, 2].map((bucket) => ({
      id: new Uint8Array(32).fill(bucket) as ThrottleBucket["id"],
      freeFailures: 1_000,
      forgiveSeconds: 60,
      maxDelaySeconds: 60,
    })));
    const ended = await store.logOut(
      { kind: "refresh_token", presented: held, proof: null },
      contextOf(),
    );
    const after = await sessions.validate(held);
    return {
      validated: validated.outcome,
      email: "session" in validated && validated.session.email !== "",
      unchanged: unchanged.answer.outcome,
      rotated: rotated.answer.outcome,
      successors: new Set(crowd.map(({ held: each }) => each?.hash.toString())).size,
      sameSuccessor: crowd.every(({ held: each }) =>
        each?.hash.toString() === held.hash.toString()
      ),
      listed: listed.outcome === "active" && listed.sessions.length,
      forged: forged.answer.outcome,
      admission: admission.kind,
      ended: ended.outcome,
      after: after.outcome,
      ahead: "serverTime" in after && Math.abs(after.serverTime.getTime() - Date.now()) < 60_000,
    };
  } finally {
    await Promise.all(processes.map(({ close }) => close()));
  }
}

const EXPECTED = {
  validated: "active",
  email: true,
  unchanged: "unchanged",
  rotated: "rotated",
  successors: 1,
  sameSuccessor: true,
  listed: 1,
  forged: "key_compromise_suspected",
  admission: "admitted",
  ended: "ended",
  after: "revoked",
  ahead: true,
};

async function failsWith(changes: readonly Change[], route: string): Promise<string | null> {
  await apply(changes);
  try {
    assert.deepEqual(await live(route), EXPECTED);
    return null;
  } catch (thrown: unknown) {
    return thrown instanceof Error ? thrown.message : String(thrown);
  } finally {
    await apply([]);
  }
}

/** The first changes that are enough to fail, by halves. */
async function findCulprits(changes: readonly Change[], route: string): Promise<string> {
  let suspects = changes;
  while (suspects.length > 1) {
    const half = suspects.slice(0, Math.ceil(suspects.length / 2));
    const other = suspects.slice(half.length);
    if (await failsWith(half, route) !== null) suspects = half;
    else if (await failsWith(other, route) !== null) suspects = other;
    else break;
  }
  return suspects.map(([name, value]) => `${name} = ${value}`).join(", ");
}

const changes = await listChanges();

/** In the nth round every setting has its nth other value, where it has so many. */
const rounds = Array.from({ length: 6 }, (_, round) => {
  const taken = new Map<string, number>();
  return changes.filter(([name]) => {
    const index = taken.get(name) ?? 0;
    taken.set(name, index + 1);
    return index === round;
  });
}).filter(({ length }) => length > 0);

for (const route of Object.keys(ROUTES)) {
  Deno.test(`no answer depends on a setting of the database, by ${route}, with twenty refreshes at once`, async () => {
    assert.ok(changes.length > 200, `${changes.length} changes`);
    assert.equal(await failsWith([], route), null);
    for (const round of rounds) {
      const failure = await failsWith(round, route);
      if (failure !== null) {
        assert.fail(`with ${await findCulprits(round, route)}: ${failure}`);
      }
    }
  });
}
