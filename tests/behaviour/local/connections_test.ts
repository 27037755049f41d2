import assert from "node:assert/strict";
import {
  type Connection,
  ConnectionLost,
  createConnections,
} from "../../../local/platform/postgres/connections.ts";
import { outliveDriverFaults } from "../../../local/platform/postgres/driver_faults.ts";
import { openTestServer } from "../../../local/testing/test_server.ts";

outliveDriverFaults();

Deno.test("a caller that goes on over a lost connection fails, and its place serves the next", async () => {
  await using server = await openTestServer();
  await using database = await server.createDatabase();
  const connections = createConnections({
    databaseUrl: database.urlAs("supabase_auth_admin"),
    applicationName: "gotrue",
    size: 1,
  });
  for (let time = 1; time <= 2; time += 1) {
    await assert.rejects(connections.withConnection(askOnAfterLoss), ConnectionLost);
    const [row] = await connections.withConnection(async ({ sql }) => await sql`select 1 as one`);
    assert.equal(row?.["one"], 1);
  }
  await connections.close();
});

Deno.test("closing lets a transaction that is under way come to its end", async () => {
  await using server = await openTestServer();
  await using database = await server.createDatabase();
  const connections = createConnections({
    databaseUrl: database.urlAs("supabase_auth_admin"),
    applicationName: "gotrue",
    size: 1,
  });
  const begun = Promise.withResolvers<void>();
  const using = connections.withConnection(({ sql }) =>
    sql.begin(async (transaction) => {
      begun.resolve();
      await transaction`select pg_sleep(1.5)`;
      return await transaction<{ one: number }[]>`select 1 as one`;
    })
  );
  const outcome = using.then(([row]) => row?.one, (error: unknown) => error);
  await begun.promise;
  await connections.close();
  assert.equal(await outcome, 1);
});

/** As the rollback of a transaction whose connection ended: postgres.js never settles that query. */
async function askOnAfterLoss(connection: Connection): Promise<void> {
  await connection.sql`select 1`; // it reserves none that it would have to open first
  const sql = await connection.sql.reserve();
  await assert.rejects(async () => await sql`select pg_terminate_backend(pg_backend_pid())`);
  while (!connection.isLost) await new Promise((resolve) => setTimeout(resolve, 10));
  await sql`select 1`;
}
