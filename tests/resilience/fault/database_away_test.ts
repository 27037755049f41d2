import assert from "node:assert/strict";
import { SEED_USERS } from "../../../local/platform/seed_users.ts";
import { startTestServer, type TestStack } from "../../../local/testing/test_server.ts";
import { ageSession } from "../../../local/testing/aging.ts";
import { type Answer, type Browser, openBrowser, viewOf } from "../../behaviour/http/browser.ts";
import { assertNoSecrets } from "../../behaviour/http/log_secrets.ts";
import { assertRefused } from "../../behaviour/http/refusal.ts";

/** The longest that a browser may wait, including the time limit of a database call. */
const FROZEN_LIMIT_MS = 6_000;
const STOPPED_LIMIT_MS = 2_000;

interface Household {
  readonly stack: TestStack;
  /** Signed in, with tokens fresh enough to validate. */
  readonly awake: Browser;
  /** Signed in, with tokens that only a rotation helps. */
  readonly asleep: Browser;
  readonly sessionIds: readonly string[];
}

async function openHousehold(stack: TestStack): Promise<Household> {
  const [awake, asleep] = [openBrowser(stack), openBrowser(stack)];
  const first = await awake.login(SEED_USERS.ada);
  const second = await asleep.login(SEED_USERS.grace);
  return { stack, awake, asleep, sessionIds: [first.session.id, second.session.id] };
}

/** Two hours go by for the one browser. */
async function fallAsleep({ stack, asleep, sessionIds }: Household): Promise<void> {
  const sql = stack.database.connect({ max: 1 });
  await ageSession(sql, sessionIds[1] ?? "", 7200);
  await sql.end();
  asleep.cookies.delete("__Host-session_access");
}

/** Every route that needs the database, each with live cookies to lose. */
function everyRoute({ stack, awake, asleep, sessionIds }: Household) {
  const { email, password } = SEED_USERS.ada;
  return {
    "login": openBrowser(stack).call("/unified-auth/login", { body: { email, password } }),
    "login in a signed-in browser": awake.call("/unified-auth/login", {
      body: { email, password },
    }),
    "validate": awake.validate(),
    "validate, never": awake.validate({ body: { refresh: "never" } }),
    "validate with auto-refresh": asleep.validate(),
    "refresh": asleep.refresh(),
    "sessions": awake.call("/unified-auth/sessions", { method: "GET" }),
    "health": awake.call("/unified-auth/health", { method: "GET" }),
    "validate-session": awake.call("/validate-session", { method: "GET" }),
    "end a session": awake.call(`/unified-auth/sessions/${sessionIds[1]}`, { method: "DELETE" }),
  } satisfies Readonly<Record<string, Promise<Answer>>>;
}

/** Every route answers 503 within the limit and touches no cookie; the few that need no database work. */
async function assertUnavailable(household: Household, limitMs: number): Promise<void> {
  const cookies = [household.awake, household.asleep].map((browser) => [...browser.cookies]);
  await Promise.all(
    Object.entries(everyRoute(household)).map(async ([route, asked]) => {
      const startedAt = performance.now();
      const answer = await asked;
      const elapsedMs = performance.now() - startedAt;
      assertRefused(answer, "service_unavailable", route);
      assert.match(answer.headers.get("retry-after") ?? "", /^[1-9]\d*$/, route);
      assert.ok(elapsedMs < limitMs, `${route} took ${Math.round(elapsedMs)} ms`);
    }),
  );
  for (const path of ["/unified-auth/.well-known/jwks.json", "/unified-auth/openapi.json"]) {
    assert.equal((await household.awake.call(path, { method: "GET" })).status, 200, path);
  }
  const after = [household.awake, household.asleep].map((browser) => [...browser.cookies]);
  assert.deepEqual(after, cookies);
}

/** As soon as the database answers again; the emulators need a moment to connect. */
async function untilHealthy({ awake }: Household): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    if ((await awake.call("/unified-auth/health", { method: "GET" })).status === 200) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail("The functions did not find the database again");
}

async function assertStillSignedIn({ awake, asleep, sessionIds }: Household): Promise<void> {
  assert.equal(viewOf(await awake.validate()).session.id, sessionIds[0]);
  const woken = viewOf(await asleep.validate());
  assert.deepEqual([woken.session.id, woken.refreshed], [sessionIds[1], true]);
  assert.equal(viewOf(await asleep.refresh()).session.id, sessionIds[1]);
  assert.equal((await awake.call("/unified-auth/sessions", { method: "GET" })).status, 200);
}

Deno.test("with the database stopped or frozen every route says so in time, and nobody is signed out", async (test) => {
  const lines: string[] = [];
  await using server = await startTestServer();
  await using stack = await server.startStack({
    onFunctionLine: (_name, line) => lines.push(line),
  });
  const household = await openHousehold(stack);

  await test.step("stopped: refused at once", async () => {
    await fallAsleep(household);
    await server.stop();
    await assertUnavailable(household, STOPPED_LIMIT_MS);
  });
  await test.step("back again: the same cookies work", async () => {
    await server.start();
    await untilHealthy(household);
    await assertStillSignedIn(household);
  });
  await test.step("frozen: refused within the time limit, logout too", async () => {
    await fallAsleep(household);
    const leaving = openBrowser(stack);
    await leaving.login(SEED_USERS.ada);

    await server.pause();
    try {
      const loggedOut = leaving.logout();
      await assertUnavailable(household, FROZEN_LIMIT_MS);
      assertRefused(await loggedOut, "service_unavailable");
      assert.equal(leaving.cookies.size, 3, "the cookies are kept");
    } finally {
      server.resume();
    }
    await untilHealthy(household);
    assert.equal((await leaving.logout()).status, 200, "and can be tried again");
  });
  await test.step("thawed: the same cookies work, though answers were lost", async () => {
    await assertStillSignedIn(household);
  });
  await test.step("killed: the same cookies work after its recovery", async () => {
    await fallAsleep(household);
    await server.kill();
    await assertUnavailable(household, STOPPED_LIMIT_MS);
    await server.start();
    await untilHealthy(household);
    await assertStillSignedIn(household);
  });
  await test.step("the log names the cause and holds no secret", () => {
    const entries = lines.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));
    const causes = entries.filter(({ level }) => level === "error");
    assert.ok(causes.length >= 20);
    for (const { msg, dependency, cause } of causes) {
      assert.deepEqual([msg, dependency], ["dependency is unavailable", "session_store"]);
      assert.match(cause, /^(timeout|network|PGRST\d{3}|http_\d{3}|[0-9A-Z]{5})$/);
    }
    assertNoSecrets(lines);
  });
});
