import assert from "node:assert/strict";
import { openTestServer, type TestDatabase } from "../../local/testing.ts";
import { parseDatabaseUrl } from "../../supabase/functions/_shared/database_address.ts";
import {
  createPipeline,
  type Pipeline,
} from "../../supabase/functions/_shared/postgres/pipeline.ts";
import type { Statement } from "../../supabase/functions/_shared/postgres/statement.ts";
import { startTcpRelay, type TcpRelay } from "../tcp_relay.ts";
import { untilWaiting } from "./lock_waits.ts";

/** Answers what it is given, once nobody holds the advisory lock of that number. */
const ECHO: Statement = {
  name: "validate_session",
  text:
    `select to_json(case when pg_advisory_xact_lock_shared($1::integer) is not null then $2::text end) as answer`,
  parameters: ["p_lock", "p_said"],
};

const IDLE_TIMEOUT_MS = 60_000;

interface Options {
  readonly port?: number;
  readonly timeoutMs?: number;
  readonly idleTimeoutMs?: number;
}

function open(database: TestDatabase, options: Options = {}): Pipeline & AsyncDisposable {
  const url = new URL(database.url);
  if (options.port !== undefined) url.port = String(options.port);
  const pipeline = createPipeline({
    address: parseDatabaseUrl(url.href) ?? assert.fail(),
    connectTimeoutMs: 10_000,
    timeoutMs: options.timeoutMs ?? 30_000,
    idleTimeoutMs: options.idleTimeoutMs ?? IDLE_TIMEOUT_MS,
  });
  return Object.assign(pipeline, { [Symbol.asyncDispose]: () => pipeline.close() });
}

async function echo(pipeline: Pipeline, said: string, lock = 0): Promise<unknown> {
  const answered = await pipeline.call(ECHO, [lock, said]);
  return answered.kind === "answered" ? answered.answer : answered.kind;
}

const SAID = Array.from({ length: 50 }, (_, index) => `call ${index}`);

async function countConnections(database: TestDatabase): Promise<number> {
  const [row] = await database.connect({ max: 1 })`
    select count(*)::integer as count from pg_stat_activity
    where datname = current_database() and application_name = 'unified-auth'`;
  return row?.["count"];
}

Deno.test("fifty calls at once share a connection, and each is given its own answer", async () => {
  await using server = await openTestServer();
  await using database = await server.createDatabase();
  await using pipeline = open(database);
  for (let round = 0; round < 3; round += 1) {
    assert.deepEqual(await Promise.all(SAID.map((said) => echo(pipeline, said))), SAID);
    assert.equal(await countConnections(database), 1);
  }
  assert.equal(pipeline.waiting, 0);
});

Deno.test("a statement that fails is its own caller's failure", async () => {
  await using server = await openTestServer();
  await using database = await server.createDatabase();
  await using pipeline = open(database);
  const outcomes = await Promise.allSettled([
    echo(pipeline, "before"),
    pipeline.call(ECHO, ["no number", ""]),
    echo(pipeline, "after"),
  ]);
  assert.deepEqual(outcomes.map(({ status }) => status), ["fulfilled", "rejected", "fulfilled"]);
  assert.equal(await echo(pipeline, "later"), "later");
});

Deno.test("a lost connection is a failure of each call that waits, and the next opens another", async () => {
  await using server = await openTestServer();
  await using database = await server.createDatabase();
  await using pipeline = open(database);
  const sql = database.connect({ max: 2 });
  await sql.begin(async (holding) => {
    await holding`select pg_advisory_xact_lock(1)`;
    const waiting = [echo(pipeline, "first", 1), ...SAID.map((said) => echo(pipeline, said))];
    const settled = Promise.allSettled(waiting);
    await untilWaiting(sql, 1);
    await sql`
      select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and application_name = 'unified-auth'`;
    const outcomes = await settled;
    assert.deepEqual(new Set(outcomes.map(({ status }) => status)), new Set(["rejected"]));
  });
  assert.equal(await echo(pipeline, "again"), "again");
  assert.equal(pipeline.waiting, 0);
});

Deno.test("a call that is late ends with all behind it, and the next opens another connection", async () => {
  await using server = await openTestServer();
  await using database = await server.createDatabase();
  await using pipeline = open(database, { timeoutMs: 1_500 });
  const sql = database.connect({ max: 1 });
  assert.equal(await echo(pipeline, "open"), "open");
  await sql.begin(async (holding) => {
    await holding`select pg_advisory_xact_lock(1)`;
    const outcomes = await Promise.allSettled([
      echo(pipeline, "late", 1),
      echo(pipeline, "behind it"),
    ]);
    for (const outcome of outcomes) {
      assert.ok(outcome.status === "rejected");
      assert.match(String(outcome.reason), /timeout/i);
    }
    assert.equal(await echo(pipeline, "again"), "again");
  });
});

Deno.test("without calls the connection is closed, and the next call opens another", async () => {
  await using server = await openTestServer();
  await using database = await server.createDatabase();
  await using pipeline = open(database, { idleTimeoutMs: 300 });
  assert.equal(await echo(pipeline, "first"), "first");
  while (await countConnections(database) > 0);
  assert.equal(await echo(pipeline, "second"), "second");
});

/** Delivers the `nth` answer that holds a text twice, as no network does. */
function startStutter(databasePort: number, text: string): TcpRelay {
  let stuttered = false;
  return startTcpRelay(() => databasePort, () => ({
    fromClient: (bytes) => bytes,
    fromServer(bytes) {
      if (stuttered || !new TextDecoder("latin1").decode(bytes).includes(text)) return bytes;
      stuttered = true;
      return Uint8Array.from([...bytes, ...bytes]);
    },
  }));
}

Deno.test("an answer that came twice is given to nobody else", async () => {
  await using server = await openTestServer();
  await using database = await server.createDatabase();
  await using relay = startStutter(server.port, "twice");
  await using pipeline = open(database, { port: relay.port });
  assert.equal(await echo(pipeline, "open"), "open");
  const sql = database.connect({ max: 2 });
  const calls = await sql.begin(async (holding) => {
    await holding`select pg_advisory_xact_lock(1)`;
    const said = ["twice", ...SAID];
    const sent = said.map((each, index) => echo(pipeline, each, index === 0 ? 1 : 2));
    await untilWaiting(sql, 1);
    return { said, outcomes: Promise.allSettled(sent) };
  });
  const outcomes = await calls.outcomes;
  for (const [index, outcome] of outcomes.entries()) {
    if (outcome.status === "fulfilled") assert.equal(outcome.value, calls.said[index]);
  }
  assert.equal(outcomes.at(-1)?.status, "rejected", "the connection is given up");
  assert.equal(await echo(pipeline, "again"), "again");
});
