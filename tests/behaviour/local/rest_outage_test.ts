import assert from "node:assert/strict";
import { createClient } from "@supabase/supabase-js";
import { createRestEmulator } from "../../../local/platform/rest/rest_api.ts";
import { makeSecrets } from "../../../local/platform/secrets.ts";
import { openTestServer, startTestServer } from "../../../local/testing/test_server.ts";
import { createSignatureChecker } from "../../../local/platform/token_signatures.ts";
import { STATELESS } from "./rest_fixture.ts";

const FUNCTIONS = `
  create function public.ping() returns int language sql as 'select 1';
  create function public.sleep(p_seconds float8) returns void
    language sql as 'select pg_sleep(p_seconds)';
  create function public.end_own_connection() returns bool
    language sql security definer as 'select pg_terminate_backend(pg_backend_pid())';
`;

Deno.test("while the database is down every call is 503, and works again when it is back", async () => {
  await using server = await startTestServer();
  await using stack = await server.startStack({ functions: [] });
  await stack.database.connect({ max: 1 }).unsafe(FUNCTIONS);
  const client = createClient(stack.baseUrl, stack.keys.secret, { auth: STATELESS });
  const ping = async () => (await client.rpc("ping")).data;
  const isDown = async () => (await client.rpc("ping")).status === 503;

  assert.equal(await ping(), 1);
  await server.stop();
  const { status, error } = await client.rpc("ping");
  assert.deepEqual([status, error?.code, error?.message], [
    503,
    "PGRST000",
    "Database connection error. Retrying the connection.",
  ]);
  await server.start();
  assert.equal(await ping(), 1);

  await server.kill();
  assert.deepEqual(await Promise.all([isDown(), isDown(), isDown()]), [true, true, true]);
  await server.start();
  assert.equal(await ping(), 1);

  const sleeping = client.rpc("sleep", { p_seconds: 60 }).then((answer) => answer);
  await untilSleeping(stack.database.connect({ max: 1 }));
  await server.kill();
  const lost = await sleeping;
  assert.deepEqual([lost.status, lost.error?.code], [503, "PGRST001"]);
  await server.start();
  assert.equal(await ping(), 1);
});

Deno.test("a connection that is lost under a call is 503, and the next call has another", async () => {
  await using server = await openTestServer();
  await using stack = await server.startStack({ functions: [] });
  await stack.database.connect({ max: 1 }).unsafe(FUNCTIONS);
  const client = createClient(stack.baseUrl, stack.keys.secret, { auth: STATELESS });
  for (let time = 1; time <= 3; time++) {
    assert.equal((await client.rpc("end_own_connection")).status, 503);
    assert.equal((await client.rpc("ping")).data, 1);
  }
});

Deno.test("a frozen database refuses nobody and answers when it thaws", async () => {
  await using server = await startTestServer();
  await using stack = await server.startStack({ functions: [] });
  await stack.database.connect({ max: 1 }).unsafe(FUNCTIONS);
  const client = createClient(stack.baseUrl, stack.keys.secret, { auth: STATELESS });
  assert.equal((await client.rpc("ping")).data, 1);

  await server.pause();
  const answer = client.rpc("ping").then(({ data }) => data);
  const impatient = await client.rpc("ping").abortSignal(AbortSignal.timeout(100));
  assert.deepEqual([impatient.status, impatient.error?.code], [0, ""]);
  server.resume();
  assert.equal(await answer, 1);
});

Deno.test("a request that finds no free connection in time is 504", async () => {
  await using server = await openTestServer();
  await using database = await server.createDatabase();
  await database.connect({ max: 1 }).unsafe(FUNCTIONS);
  const { projectKeys: keys } = await makeSecrets();
  const emulator = createRestEmulator({
    databaseUrl: database.urlAs("authenticator"),
    keys,
    checkSignature: createSignatureChecker({ keys: [], jwtSecret: keys.jwtSecret }),
    now: Date.now,
    poolSize: 1,
    acquisitionTimeoutMs: 50,
  });
  const call = (name: string, body: unknown) =>
    emulator.fetch(
      new Request(`http://emulator/rest/v1/rpc/${name}`, {
        method: "POST",
        headers: { apikey: keys.secret, "content-type": "application/json" },
        body: JSON.stringify(body),
      }),
    );
  await (await call("ping", {})).body?.cancel();

  const sql = database.connect({ max: 1 });
  await sql`select 1`; // connected before, or the sleep might have ended when it looks
  const busy = call("sleep", { p_seconds: 2 });
  await untilSleeping(sql);
  const refused = await call("ping", {});
  assert.equal(refused.status, 504);
  assert.equal(refused.headers.get("proxy-status"), "PostgREST; error=PGRST003");
  await refused.body?.cancel();
  assert.equal((await busy).status, 204);
  const served = await call("ping", {});
  assert.equal(await served.text(), "1");
  await emulator.close();
});

async function untilSleeping(sql: ReturnType<typeof import("postgres")>): Promise<void> {
  for (;;) {
    const [row] = await sql`select from pg_stat_activity where wait_event = 'PgSleep'`;
    if (row) return;
  }
}
