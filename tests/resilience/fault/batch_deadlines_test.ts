import assert from "node:assert/strict";
import { openTestServer } from "../../../local/testing/test_server.ts";
import { countConnections, echo, openBatch } from "./echo_batch.ts";
import { untilWaiting } from "./lock_waits.ts";

Deno.test("a call that is late ends with its neighbours, and the next opens another connection", async () => {
  await using server = await openTestServer();
  await using database = await server.createDatabase();
  await using batch = openBatch(database, { timeoutMs: 1_500 });
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
  await using batch = openBatch(database, { timeoutMs: 1_500 });
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
  await using batch = openBatch(database, { timeoutMs: 1_500 });
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
    await using batch = openBatch(database, {
      port: listener.addr.port,
      size: 2,
      connectTimeoutMs: 500,
    });
    const outcomes = await Promise.allSettled(
      Array.from({ length: 200 }, (_, index) => echo(batch, `call ${index}`)),
    );
    for (const outcome of outcomes) {
      assert.ok(outcome.status === "rejected");
      assert.match(String(outcome.reason.cause), /connect/i);
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
  await using batch = openBatch(database, { idleTimeoutMs: 300 });
  assert.equal(await echo(batch, "first"), "first");
  while (await countConnections(database) > 0);
  assert.equal(await echo(batch, "second"), "second");
});
