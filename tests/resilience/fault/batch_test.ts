import assert from "node:assert/strict";
import { openTestServer } from "../../../local/testing/test_server.ts";
import { startTcpRelay, type TcpRelay } from "../../harness/tcp_relay.ts";
import { ask, countConnections, type Echo, echo, openBatch, SAID } from "./echo_batch.ts";
import { untilWaiting } from "./lock_waits.ts";

Deno.test("fifty calls at once are two statements, and each is given its own answer", async () => {
  await using server = await openTestServer();
  await using database = await server.createDatabase();
  await using batch = openBatch(database);
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
  await using batch = openBatch(database, { size: 2 });
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
  await using batch = openBatch(database, { size: 2 });
  const sql = database.connect({ max: 2 });
  const { held } = await sql.begin(async (holding) => {
    await holding`select pg_advisory_xact_lock(1)`;
    const calls = ["held", ...SAID].map((said, index) => echo(batch, said, index === 0 ? 1 : 0));
    assert.deepEqual(await Promise.all(calls.slice(32)), SAID.slice(31));
    return { held: Promise.all(calls.slice(0, 32)) };
  });
  assert.deepEqual(await held, ["held", ...SAID.slice(0, 31)]);
});

Deno.test("when a statement fails, each of its calls is retried individually, and the connection serves others", async () => {
  await using server = await openTestServer();
  await using database = await server.createDatabase();
  await using batch = openBatch(database);
  assert.deepEqual(
    await Promise.all(["before", "many rows", "after"].map((said) => echo(batch, said))),
    ["before, alone", "many rows, alone", "after, alone"],
  );
  assert.equal(await echo(batch, "later"), "later");
});

Deno.test("the error of a call that travels alone is its own", async () => {
  await using server = await openTestServer();
  await using database = await server.createDatabase();
  await using batch = openBatch(database);
  await assert.rejects(echo(batch, "many rows"), { code: "21000" });
  assert.equal(await echo(batch, "later"), "later");
});

Deno.test("a lost connection is a failure of the calls in its statement; those that wait open another", async () => {
  await using server = await openTestServer();
  await using database = await server.createDatabase();
  await using batch = openBatch(database);
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
  await using batch = openBatch(database, { port: relay.port });
  assert.equal(await echo(batch, "open"), "open");
  assert.equal(await echo(batch, "twice"), "twice");
  await assert.rejects(echo(batch, "another"), { code: "unexpected_answer" });
  assert.equal(await echo(batch, "again"), "again");
});
