import assert from "node:assert/strict";
import { openTestServer, type TestDatabase } from "../../local/testing.ts";
import { parseDatabaseUrl } from "../../supabase/functions/_shared/database_address.ts";
import { type Batch, createBatch } from "../../supabase/functions/_shared/postgres/batch.ts";
import type {
  SharedStatement,
  Statement,
} from "../../supabase/functions/_shared/postgres/statement.ts";
import { startTcpRelay, type TcpRelay } from "../tcp_relay.ts";
import { untilWaiting } from "./lock_waits.ts";

/**
 * Answers each call what it says and the transaction that it ran in, the last call first, once nobody
 * holds the advisory lock of its number. `slow` takes its time; `many rows` fails, and with it the
 * statement.
 */
function echoOf(calls: string): Statement {
  return {
    name: calls,
    text: `
      select
        c.number,
        to_json(array[
          case when pg_advisory_xact_lock_shared(c.lock) is not null then c.said end,
          case when c.said = 'slow' then pg_sleep(0.2)::text end,
          case when c.said = 'many rows' then (select 'row' from generate_series(1, c.number + 1)) end,
          pg_current_xact_id()::text
        ]) as answer
      from ${calls} as c(number, lock, said)
      order by c.number desc`,
    parameters: ["lock", "said"],
  };
}

const ECHO: SharedStatement = {
  one: echoOf("(values ($1::integer, $2::integer, $3::text))"),
  many: echoOf("unnest($1::integer[], $2::integer[], $3::text[])"),
};

interface Options {
  readonly port?: number;
  readonly size?: number;
  readonly connectTimeoutMs?: number;
  readonly timeoutMs?: number;
  readonly idleTimeoutMs?: number;
}

function open(database: TestDatabase, options: Options = {}): Batch & AsyncDisposable {
  const url = new URL(database.url);
  if (options.port !== undefined) url.port = String(options.port);
  const batch = createBatch({
    address: parseDatabaseUrl(url.href) ?? assert.fail(),
    size: options.size ?? 1,
    statement: ECHO,
    connectTimeoutMs: options.connectTimeoutMs ?? 10_000,
    timeoutMs: options.timeoutMs ?? 30_000,
    idleTimeoutMs: options.idleTimeoutMs ?? 60_000,
  });
  return Object.assign(batch, { [Symbol.asyncDispose]: () => batch.close() });
}

interface Echo {
  readonly said: unknown;
  readonly transaction: unknown;
}

async function ask(batch: Batch, said: string, lock = 0): Promise<Echo> {
  const answer = await batch.call({
    values: [lock, said],
    askAlone: () => Promise.resolve([`${said}, alone`]),
  });
  if (!Array.isArray(answer)) throw new TypeError(`Not an echo: ${answer}`);
  return { said: answer[0], transaction: answer.at(-1) };
}

async function echo(batch: Batch, said: string, lock = 0): Promise<unknown> {
  return (await ask(batch, said, lock)).said;
}

const SAID = Array.from({ length: 50 }, (_, index) => `call ${index}`);

async function countConnections(database: TestDatabase): Promise<number> {
  const [row] = await database.connect({ max: 1 })`
    select count(*)::integer as count from pg_stat_activity
    where datname = current_database() and application_name = 'unified-auth'`;
  return row?.["count"];
}

Deno.test("fifty calls at once are two statements, and each is given its own answer", async () => {
  await using server = await openTestServer();
  await using database = await server.createDatabase();
  await using batch = open(database);
  for (let round = 0; round < 3; round += 1) {
    const echoes = await Promise.all(SAID.map((said) => ask(batch, said)));
    assert.deepEqual(echoes.map(({ said }) => said), SAID);
    assert.equal(new Set(echoes.map(({ transaction }) => transaction)).size, 2);
    assert.equal(await countConnections(database), 1);
  }
});

Deno.test("calls that come while every connection is busy leave together once one is free", async () => {
  await using server = await openTestServer();
  await using database = await server.createDatabase();
  await using batch = open(database, { size: 2 });
  const sql = database.connect({ max: 2 });
  const { held, waited } = await sql.begin(async (holding) => {
    await holding`select pg_advisory_xact_lock(1)`;
    const first = ask(batch, "first", 1);
    await untilWaiting(sql, 1);
    assert.equal(await echo(batch, "on the second connection"), "on the second connection");
    const second = ask(batch, "second", 1);
    await untilWaiting(sql, 2);
    const all = Promise.all(SAID.slice(0, 10).map((said) => ask(batch, said)));
    return { held: Promise.all([first, second]), waited: all };
  });
  const transactions = (echoes: readonly Echo[]) =>
    new Set(echoes.map(({ transaction }) => transaction)).size;
  assert.equal(transactions(await held), 2);
  assert.equal(transactions(await waited), 1);
  assert.equal(await countConnections(database), 2);
});

Deno.test("calls beyond one statement leave on another connection, whatever the first waits for", async () => {
  await using server = await openTestServer();
  await using database = await server.createDatabase();
  await using batch = open(database, { size: 2 });
  const sql = database.connect({ max: 2 });
  const { held } = await sql.begin(async (holding) => {
    await holding`select pg_advisory_xact_lock(1)`;
    const calls = ["held", ...SAID].map((said, index) => echo(batch, said, index === 0 ? 1 : 0));
    assert.deepEqual(await Promise.all(calls.slice(32)), SAID.slice(31));
    return { held: Promise.all(calls.slice(0, 32)) };
  });
  assert.deepEqual(await held, ["held", ...SAID.slice(0, 31)]);
});

Deno.test("when a statement fails each of its calls is asked by itself, and the connection serves others", async () => {
  await using server = await openTestServer();
  await using database = await server.createDatabase();
  await using batch = open(database);
  assert.deepEqual(
    await Promise.all(["before", "many rows", "after"].map((said) => echo(batch, said))),
    ["before, alone", "many rows, alone", "after, alone"],
  );
  assert.equal(await echo(batch, "later"), "later");
});

Deno.test("a lost connection is a failure of the calls in its statement; those that wait open another", async () => {
  await using server = await openTestServer();
  await using database = await server.createDatabase();
  await using batch = open(database);
  const sql = database.connect({ max: 2 });
  const { lost, waited } = await sql.begin(async (holding) => {
    await holding`select pg_advisory_xact_lock(1)`;
    const sent = Promise.allSettled([echo(batch, "first", 1), echo(batch, "with it")]);
    await untilWaiting(sql, 1);
    const waiting = Promise.all(SAID.map((said) => echo(batch, said)));
    await sql`
      select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and application_name = 'unified-auth'`;
    return { lost: await sent, waited: waiting };
  });
  assert.deepEqual(lost.map(({ status }) => status), ["rejected", "rejected"]);
  assert.deepEqual(await waited, SAID);
});

Deno.test("a call that is late ends with its neighbours, and the next opens another connection", async () => {
  await using server = await openTestServer();
  await using database = await server.createDatabase();
  await using batch = open(database, { timeoutMs: 1_500 });
  const sql = database.connect({ max: 2 });
  assert.equal(await echo(batch, "open"), "open");
  await sql.begin(async (holding) => {
    await holding`select pg_advisory_xact_lock(1)`;
    const late = Promise.allSettled([echo(batch, "late", 1), echo(batch, "with it")]);
    for (const outcome of await late) {
      assert.ok(outcome.status === "rejected");
      assert.match(String(outcome.reason), /timeout/i);
    }
    assert.equal(await echo(batch, "again"), "again");
  });
});

Deno.test("a call that has just come is answered beside one whose time is nearly over", async () => {
  await using server = await openTestServer();
  await using database = await server.createDatabase();
  await using batch = open(database, { timeoutMs: 1_500 });
  const sql = database.connect({ max: 2 });
  assert.equal(await echo(batch, "open"), "open");
  await sql.begin(async (holding) => {
    await holding`select pg_advisory_xact_lock(1)`;
    const late = [echo(batch, "late", 1)];
    await untilWaiting(sql, 1);
    late.push(echo(batch, "nearly over"));
    const outcomes = Promise.allSettled(late);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    assert.equal(await echo(batch, "slow"), "slow");
    assert.equal((await outcomes)[0]?.status, "rejected");
  });
});

Deno.test("a call is late at its own limit, and its statement goes on for one that came after it", async () => {
  await using server = await openTestServer();
  await using database = await server.createDatabase();
  await using batch = open(database, { timeoutMs: 1_500 });
  const sql = database.connect({ max: 2 });
  const { younger } = await sql.begin(async (holding) => {
    await holding`select pg_advisory_xact_lock(1)`;
    const first = assert.rejects(echo(batch, "first", 1), /timeout/i);
    await untilWaiting(sql, 1);
    const older = assert.rejects(echo(batch, "older", 1), /timeout/i);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const younger = echo(batch, "younger", 1);
    await first;
    await older;
    return { younger };
  });
  assert.equal(await younger, "younger");
});

Deno.test("without a connection to be had all calls fail at its limit, however many there are", async () => {
  await using server = await openTestServer();
  await using database = await server.createDatabase();
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const accepted: Deno.Conn[] = [];
  const accepting = (async () => {
    for await (const connection of listener) accepted.push(connection); // and never answers
  })();
  {
    await using batch = open(database, {
      port: listener.addr.port,
      size: 2,
      connectTimeoutMs: 500,
    });
    const outcomes = await Promise.allSettled(
      Array.from({ length: 200 }, (_, index) => echo(batch, `call ${index}`)),
    );
    for (const outcome of outcomes) {
      assert.ok(outcome.status === "rejected");
      assert.match(String(outcome.reason), /connect/i);
    }
    assert.equal(accepted.length, 1, "nobody waited for a second attempt");
  }
  listener.close();
  await accepting;
  for (const connection of accepted) connection.close();
});

Deno.test("without calls the connection is closed, and the next call opens another", async () => {
  await using server = await openTestServer();
  await using database = await server.createDatabase();
  await using batch = open(database, { idleTimeoutMs: 300 });
  assert.equal(await echo(batch, "first"), "first");
  while (await countConnections(database) > 0);
  assert.equal(await echo(batch, "second"), "second");
});

/** Delivers the first answer that holds a text once more before the next one, as no network does. */
function startStutter(databasePort: number, text: string): TcpRelay {
  let again: Uint8Array | null = null;
  let hasStuttered = false;
  return startTcpRelay(() => databasePort, () => ({
    fromClient: (bytes) => bytes,
    fromServer(bytes) {
      const delivered = again === null ? bytes : Uint8Array.from([...again, ...bytes]);
      again = null;
      if (!hasStuttered && new TextDecoder("latin1").decode(bytes).includes(text)) {
        hasStuttered = true;
        again = bytes;
      }
      return delivered;
    },
  }));
}

Deno.test("an answer that came twice is given to nobody else", async () => {
  await using server = await openTestServer();
  await using database = await server.createDatabase();
  await using relay = startStutter(server.port, "twice");
  await using batch = open(database, { port: relay.port });
  assert.equal(await echo(batch, "open"), "open");
  assert.equal(await echo(batch, "twice"), "twice");
  await assert.rejects(echo(batch, "another"), /belong to other calls/);
  assert.equal(await echo(batch, "again"), "again");
});
