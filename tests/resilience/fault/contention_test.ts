import assert from "node:assert/strict";
import { SEED_USERS } from "../../../local/platform/seed_users.ts";
import {
  openTestServer,
  type TestDatabase,
  type TestStackOptions,
  testStore,
} from "../../../local/testing/test_server.ts";
import { ageSession } from "../../../local/testing/aging.ts";
import {
  ACCESS_COOKIE,
  type Answer,
  type Browser,
  openBrowser,
  viewOf,
} from "../../behaviour/http/browser.ts";
import { assertRefused, assertSessionEnded } from "../../behaviour/http/refusal.ts";
import { untilWaiting } from "./lock_waits.ts";

/** Two people are signed in; what their browsers ask next rotates. `awake` has its access token still. */
async function openHousehold(
  prepare: (database: TestDatabase) => Promise<void>,
  options: TestStackOptions = {},
) {
  const server = await openTestServer();
  const database = await server.createDatabase();
  await prepare(database);
  const causes: string[] = [];
  const stack = await server.startStack({
    functions: ["unified-auth"],
    database,
    ...options,
    onFunctionLine: (_name, line) => {
      const { cause } = line.startsWith("{") ? JSON.parse(line) : {};
      if (cause !== undefined) causes.push(cause);
    },
  });
  const sql = database.connect({ max: 4 });
  const signIn = async (user: Parameters<Browser["login"]>[0]) => {
    const browser = openBrowser(stack);
    const sessionId = (await browser.login(user)).session.id;
    await ageSession(sql, sessionId, 7_200);
    const awake = browser.copy();
    browser.cookies.delete(ACCESS_COOKIE);
    return { browser, awake, sessionId };
  };
  return {
    stack,
    sql,
    database,
    ada: await signIn(SEED_USERS.ada),
    grace: await signIn(SEED_USERS.grace),
    /** Why calls failed, in the log's words; a line may be read later than the answer that it is about. */
    async causes(awaited: string) {
      for (let tries = 0; tries < 100 && !causes.includes(awaited); tries += 1) {
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      return [...new Set(causes)];
    },
    async [Symbol.asyncDispose]() {
      await stack.stop();
      await database.drop();
      await server.close();
    },
  };
}

const unprepared = () => Promise.resolve();

/** 503 with `Retry-After` for each way to ask, and the jar as it was. */
async function assertPatienceAsked(
  browser: Browser,
  asked: readonly Promise<Answer>[],
): Promise<void> {
  const jar = [...browser.cookies];
  for (const answer of await Promise.all(asked)) {
    assertRefused(answer, "service_unavailable");
    assert.match(answer.headers.get("retry-after") ?? "", /^[1-9]\d*$/);
  }
  assert.deepEqual([...browser.cookies], jar);
}

async function assertGoesOn({ browser, sessionId }: {
  readonly browser: Browser;
  readonly sessionId: string;
}): Promise<void> {
  const view = viewOf(await browser.validate());
  assert.deepEqual({
    id: view.session.id,
    generation: view.session.generation,
    refreshed: view.refreshed,
  }, { id: sessionId, generation: 2, refreshed: true });
}

Deno.test("a row that somebody holds is waited for until lock_timeout, then 503, and the session goes on", async () => {
  await using household = await openHousehold(unprepared);
  const { sql, ada, grace, causes } = household;
  await sql.begin(async (holding) => {
    await holding`select 1 from public.sessions where id = ${ada.sessionId} for update`;
    await Promise.all([
      assertPatienceAsked(ada.browser, [
        ada.browser.refresh(),
        ada.browser.validate(),
        ada.browser.logout(),
      ]),
      assertGoesOn(grace),
    ]);
  });
  assert.deepEqual(await causes("55P03"), ["55P03"]);
  await assertGoesOn(ada);
});

Deno.test("a copied token that is found out while somebody holds the row is 503 first, and reused then", async () => {
  await using household = await openHousehold(unprepared);
  const { sql, ada, grace, causes } = household;
  const late = ada.browser.copy();
  viewOf(await ada.browser.refresh());
  const thief = ada.browser.copy();
  await ageSession(sql, ada.sessionId, 120);
  viewOf(await late.refresh());
  await ageSession(sql, ada.sessionId, 120);
  viewOf(await late.validate()); // seen in use: the thief's branch has lost
  await assertGoesOn(grace);
  await sql.begin(async (holding) => {
    await holding`select 1 from public.sessions where id = ${ada.sessionId} for update`;
    const beside = Array.from({ length: 8 }, () => grace.browser.validate());
    await assertPatienceAsked(thief, [thief.refresh()]);
    for (const answer of await Promise.all(beside)) assert.equal(viewOf(answer).refreshed, false);
  });
  assert.deepEqual(await causes("55P03"), ["55P03"]);
  assertSessionEnded(await thief.refresh(), "refresh_token_already_used");
});

Deno.test("a statement that takes longer than statement_timeout is 503, and the session goes on", async () => {
  await using household = await openHousehold(async (database) => {
    const admin = database.connectAs("supabase_admin", { max: 1 });
    for (const role of ["authenticator", "postgres"]) {
      await admin.unsafe(
        `alter role ${role} in database ${database.name} set statement_timeout = '500ms'`,
      );
    }
  });
  const { sql, ada, grace, causes } = household;
  await sql.begin(async (holding) => {
    await holding`select 1 from public.sessions where id = ${ada.sessionId} for update`;
    await Promise.all([
      assertPatienceAsked(ada.browser, [ada.browser.refresh(), ada.browser.validate()]),
      assertGoesOn(grace),
    ]);
  });
  // The functions' own connections bring a statement_timeout, and give a lock up before it.
  const cause = testStore() === "data-api" ? "57014" : "55P03";
  assert.deepEqual(await causes(cause), [cause]);
  await assertGoesOn(ada);
});

for (
  const { limit, options, size, cause } of [
    {
      limit: "the pool's own limit",
      options: {
        restAcquisitionTimeoutMs: 500,
        restPoolSize: 2,
        environment: { SESSION_STORE: "data-api" },
      },
      size: 2,
      cause: "PGRST003",
    },
    {
      limit: "its calls gave their locks up",
      options: { restPoolSize: 2, environment: { SESSION_STORE: "data-api" } },
      size: 2,
      cause: "55P03",
    },
    {
      limit: "its calls gave their locks up, the functions' own pool too",
      options: { environment: { SESSION_STORE: "postgres" } },
      size: 4,
      cause: "55P03",
    },
  ]
) {
  Deno.test(`a pool whose connections are all busy is 503 after ${limit}, and the sessions go on`, async () => {
    await using household = await openHousehold(unprepared, options);
    const { sql, database, ada, grace, causes } = household;
    const admin = database.connectAs("supabase_admin", { max: 1 });
    let occupying: Promise<unknown> = Promise.resolve();
    await admin.begin(async (holding) => {
      await holding`lock table public.sessions in access exclusive mode`;
      const occupants = Array.from(
        { length: size },
        () => ada.awake.call("/unified-auth/sessions", { method: "GET" }),
      );
      await untilWaiting(sql, occupants.length);
      await assertPatienceAsked(grace.browser, [grace.browser.refresh(), grace.browser.validate()]);
      const logged = await causes(cause);
      assert.ok(logged.includes(cause), logged.join(", "));
      occupying = Promise.all(occupants);
    });
    await occupying;
    await assertGoesOn(ada);
    await assertGoesOn(grace);
  });
}

Deno.test("a right password whose session cannot be stored is 503, costs nothing and leaves nothing behind", async () => {
  await using household = await openHousehold(unprepared);
  const { stack, sql, ada } = household;
  const { id, email, password } = SEED_USERS.ada;
  const signIn = () => ada.browser.call("/unified-auth/login", { body: { email, password } });
  await sql.begin(async (holding) => {
    await holding`
      select pg_advisory_xact_lock(hashtextextended('unified_auth:' || ${id}::text, 0))`;
    await assertPatienceAsked(ada.browser, [signIn()]);
  });
  const [left] = await sql`
    select
      (select count(*)::int from auth.sessions) as sessions,
      (select round(sum(failures))::int from unified_auth.login_throttle) as failures`;
  assert.deepEqual({ ...left }, { sessions: 0, failures: 0 });
  viewOf(await signIn());
  assert.equal((await openBrowser(stack).login(SEED_USERS.ada)).valid, true);
});

/** A call may go out on a connection whose end was not noticed yet: what then becomes of it. */
const CONNECTION_LOST = ["57P01", "PGRST001", "network"];

Deno.test("a database that takes no more connections is 503, and the sessions go on", async () => {
  await using household = await openHousehold(unprepared);
  const { database, ada, grace, causes } = household;
  const admin = database.connectAs("supabase_admin", { max: 1 });
  await admin.unsafe(`alter database ${database.name} connection limit 0`);
  await admin`
    select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database()
      and (usename in ('authenticator', 'supabase_auth_admin')
        or application_name = 'unified-auth')`;
  const refused = testStore() === "data-api" ? "PGRST000" : "53300";
  let logged: readonly string[] = [];
  for (let tries = 0; tries < 20 && !logged.includes(refused); tries += 1) {
    await assertPatienceAsked(ada.browser, [ada.browser.refresh(), ada.browser.validate()]);
    logged = await causes(refused);
  }
  assert.deepEqual(logged.filter((cause) => !CONNECTION_LOST.includes(cause)), [refused]);
  await admin.unsafe(`alter database ${database.name} connection limit -1`);
  await assertGoesOn(ada);
  await assertGoesOn(grace);
});
