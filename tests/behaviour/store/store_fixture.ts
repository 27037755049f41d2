/**
 * The store of the functions over either way to the database, with a network in between that a test may
 * disturb, and a superuser to look behind it. Both ways are held by the same tests.
 *
 * @module
 */

import assert from "node:assert/strict";
import type postgres from "postgres";
import { openTestServer, type TestDatabase } from "../../../local/testing/test_server.ts";
import { parseDatabaseUrl } from "../../../supabase/functions/_shared/store/database_address.ts";
import type {
  CallSqlFunction,
  FunctionName,
} from "../../../supabase/functions/_shared/store/sql_functions.ts";
import { createDataApiFunctions } from "../../../supabase/functions/_shared/store/sql_functions_data_api.ts";
import { createPostgresFunctions } from "../../../supabase/functions/_shared/store/sql_functions_postgres.ts";
import type { SessionPolicy } from "../../../supabase/functions/_shared/store/sql_session_store.ts";
import { createSqlSignInStore } from "../../../supabase/functions/_shared/store/sql_sign_in_store.ts";
import type { SignInStore } from "../../../supabase/functions/_shared/store/sign_in_store.ts";
import { type FaultyProxy, startFaultyProxy } from "../../harness/faulty_proxy.ts";
import { insertPerson } from "../../harness/people.ts";
import { openSessionsBy, type SqlSessions } from "../sql/sql_sessions.ts";

export const STORES = ["data-api", "postgres"] as const;

export type StoreKind = typeof STORES[number];

export interface StoreFixture extends AsyncDisposable {
  readonly kind: StoreKind;
  readonly call: CallSqlFunction;
  /** The functions that were called, in their order. */
  readonly called: readonly FunctionName[];
  readonly sessions: SqlSessions;
  readonly signIn: SignInStore;
  /** Between the store and what it calls: the data API, or PostgreSQL. */
  readonly network: FaultyProxy;
  /** A superuser, who does not go through `network`. */
  readonly admin: postgres.Sql;
  readonly database: TestDatabase;
  /** The same sessions under another policy. */
  under(policy: Partial<SessionPolicy>): SqlSessions;
  insertUser(): Promise<string>;
  /** From now on nobody is where the store looks for the database. */
  cutOff(): Promise<void>;
}

export interface StoreFixtureOptions {
  readonly timeoutMs?: number;
  readonly connectTimeoutMs?: number;
  /** Connections of the direct store for calls that each need one, or of the data API. */
  readonly poolSize?: number;
}

export async function openStore(
  kind: StoreKind,
  options: StoreFixtureOptions = {},
): Promise<StoreFixture> {
  const server = await openTestServer();
  const database = await server.createDatabase();
  const admin = database.connectAs("supabase_admin", { max: 1 });
  const opened = kind === "data-api"
    ? await openDataApi(database, options)
    : openPostgres(database, options);
  const { network } = opened;
  const called: FunctionName[] = [];
  const call: CallSqlFunction = (name, args) => {
    called.push(name);
    return opened.call(name, args);
  };
  let isCutOff = false;
  const cutOff = async () => {
    if (!isCutOff) await network[Symbol.asyncDispose]();
    isCutOff = true;
  };
  return {
    kind,
    call,
    called,
    network,
    admin,
    database,
    sessions: openSessionsBy(call),
    signIn: createSqlSignInStore(call),
    under: (policy) => openSessionsBy(call, { policy }),
    insertUser: () => insertPerson(admin),
    cutOff,
    async [Symbol.asyncDispose]() {
      await opened.close();
      await cutOff();
      await database.drop();
      await server.close();
    },
  };
}

interface OpenedStore {
  readonly call: CallSqlFunction;
  readonly network: FaultyProxy;
  close(): Promise<void>;
}

async function openDataApi(
  database: TestDatabase,
  { timeoutMs = 20_000, connectTimeoutMs = 10_000, poolSize = 10 }: StoreFixtureOptions,
): Promise<OpenedStore> {
  const server = await openTestServer();
  const stack = await server.startStack({
    database,
    functions: [],
    restPoolSize: poolSize,
    restAcquisitionTimeoutMs: connectTimeoutMs,
  });
  const network = startFaultyProxy(() => Number(new URL(stack.baseUrl).port));
  const call = createDataApiFunctions({
    supabaseUrl: network.url,
    secretKey: stack.keys.secret,
    batchRequests: 2,
    timeoutMs,
    fetch,
  });
  return { call, network, close: () => stack.stop() };
}

function openPostgres(
  database: TestDatabase,
  { timeoutMs = 20_000, connectTimeoutMs = 10_000, poolSize = 4 }: StoreFixtureOptions,
): OpenedStore {
  const network = startFaultyProxy(() => database.port);
  const url = new URL(database.url);
  url.port = String(network.port);
  const functions = createPostgresFunctions({
    address: parseDatabaseUrl(url.href) ?? assert.fail("the test database has no URL"),
    poolSize,
    batchConnections: 2,
    connectTimeoutMs,
    timeoutMs,
  });
  return { call: functions.call, network, close: () => functions.close() };
}

/** Runs a test once over each store, and says over which. */
export function testEachStore(
  rule: string,
  run: (kind: StoreKind, test: Deno.TestContext) => Promise<void>,
): void {
  for (const kind of STORES) {
    Deno.test(`over ${NAMES[kind]} ${rule}`, (test) => run(kind, test));
  }
}

const NAMES: Readonly<Record<StoreKind, string>> = {
  "data-api": "the data API",
  postgres: "PostgreSQL's protocol",
};
