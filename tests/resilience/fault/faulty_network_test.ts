import assert from "node:assert/strict";
import type postgres from "postgres";
import { openTestServer, testStore } from "../../../local/testing/test_server.ts";
import type { Answer } from "../../behaviour/http/browser.ts";
import { codeOf, viewOf } from "../../behaviour/http/browser.ts";
import { assertRefused } from "../../behaviour/http/refusal.ts";
import {
  ageCrowd,
  assertHeldByRows,
  countOutcomes,
  inLanes,
  lostReply,
  type Member,
  signInCrowd,
} from "./crowd.ts";
import { type FaultyStack, startFaultyStack } from "./faulty_stack.ts";
import type { FaultyProxy, NetworkFault } from "../../harness/faulty_proxy.ts";

/** Longer than anybody waits. */
const NEVER_MS = 60_000;
const DATABASE_LIMIT_MS = 6_000;

/** The connections on which a refresh can fail, and how its bytes are recognised there. */
const JOINTS = {
  browsers: /\/unified-auth\/(?:refresh|logout)/,
  project: /\/rpc\/rotate_session/,
  // The emulator tells every transaction which path it serves; the direct store calls by name, at first
  // the function's, then that of the statement which the connection has kept.
  database: /\/rpc\/rotate_session|public\.rotate_session\(|\0rotate_session\0/,
} as const satisfies Partial<Record<keyof FaultyStack, RegExp>>;

type Joint = keyof typeof JOINTS;
/** The direct store asks the project nothing. */
const BEHIND_THE_FUNCTIONS: readonly Joint[] = testStore() === "data-api"
  ? ["project", "database"]
  : ["database"];
const ALL: readonly Joint[] = ["browsers", ...BEHIND_THE_FUNCTIONS];

interface Scene extends AsyncDisposable {
  readonly crowd: readonly Member[];
  readonly sql: postgres.Sql;
  /** Lets go wrong what `fault` says, for refreshes at `joint`, while `body` runs. */
  during(
    joint: Joint,
    fault: NetworkFault,
    body: (proxy: FaultyProxy) => Promise<void>,
  ): Promise<void>;
}

/** So many browsers, whose next refreshes rotate. */
async function openScene(count: number): Promise<Scene> {
  const server = await openTestServer();
  const network = await startFaultyStack(server, { functions: ["unified-auth"] });
  const sql = network.stack.database.connect({ max: 8 });
  const crowd = await signInCrowd({ functionsUrl: network.functionsUrl, sql }, count);
  await ageCrowd(sql, crowd);
  return {
    crowd,
    sql,
    async during(joint, fault, body) {
      const proxy = network[joint];
      const before = proxy.met;
      proxy.setFault({ ...fault, when: JOINTS[joint] });
      await body(proxy);
      proxy.setFault(null);
      assert.ok(proxy.met > before, `nothing met the fault at ${joint}`);
    },
    async [Symbol.asyncDispose]() {
      await network[Symbol.asyncDispose]();
      await server.close();
    },
  };
}

/** Where the browser itself sees the fault there is no answer; else there is one that asks for patience. */
function assertNothingLost(joint: Joint, answer: Answer | null): void {
  if (joint === "browsers") return assert.equal(answer, null);
  assert.ok(answer, "The functions did not answer");
  assertRefused(answer, "service_unavailable");
  assert.match(answer.headers.get("retry-after") ?? "", /^[1-9]\d*$/);
}

Deno.test("a refresh whose reply is cut off after the commit gets the same successor when it is repeated", async () => {
  const cuts = [0, 1, 150, 600];
  const cases = ALL.flatMap((joint) => cuts.map((bytes) => ({ joint, bytes })));
  await using scene = await openScene(cases.length);
  const { crowd, sql } = scene;
  for (const [index, { joint, bytes }] of cases.entries()) {
    const one = crowd.slice(index, index + 1);
    const { browser } = one[0] ?? assert.fail();
    const what = `${joint} after ${bytes} bytes`;
    await scene.during(joint, { kind: "truncate", bytes }, async () => {
      assertNothingLost(joint, await browser.refresh().catch(lostReply));
    });
    assert.equal((await countOutcomes(sql, one))["rotated"], 1, `${what}: was committed`);
    viewOf(await browser.refresh());
    // More than one where no byte arrived: then `fetch` itself repeats the request.
    const { rotated, replayed = 0, ...others } = await countOutcomes(sql, one);
    assert.deepEqual([rotated, replayed >= 1, others], [1, true, {}], what);
  }
  await assertHeldByRows(sql, crowd, { generation: 2 });
});

for (const joint of ALL.filter((each) => each !== "database")) {
  Deno.test(`refreshes that are delivered twice at ${joint} rotate once, and sign nobody out`, async () => {
    await using scene = await openScene(40);
    const { crowd, sql } = scene;
    await scene.during(joint, { kind: "duplicate" }, async () => {
      await inLanes(10, crowd, async ({ browser, sessionId }) => {
        assert.equal(viewOf(await browser.refresh()).session.id, sessionId);
      });
      await untilWritten(sql, crowd, 2 * crowd.length);
    });
    const { rotated, replayed } = await countOutcomes(sql, crowd);
    assert.deepEqual({ rotated, replayed }, { rotated: 40, replayed: 40 });
    await assertHeldByRows(sql, crowd, { generation: 2 });

    await ageCrowd(sql, crowd);
    await inLanes(10, crowd, async ({ browser }) => viewOf(await browser.refresh()));
    await assertHeldByRows(sql, crowd, { generation: 3 });
  });
}

for (const joint of BEHIND_THE_FUNCTIONS) {
  Deno.test(`a refresh held back at ${joint} past the time limit is 503, and the session goes on`, async () => {
    await using scene = await openScene(2);
    const { crowd, sql } = scene;
    await scene.during(joint, { kind: "delay", milliseconds: NEVER_MS }, async () => {
      await Promise.all(crowd.map(async ({ browser }) => {
        const jar = [...browser.cookies];
        const startedAt = performance.now();
        assertNothingLost(joint, await browser.refresh());
        const elapsedMs = performance.now() - startedAt;
        assert.ok(elapsedMs < DATABASE_LIMIT_MS, `${Math.round(elapsedMs)} ms`);
        assert.deepEqual([...browser.cookies], jar);
      }));
    });
    await inLanes(2, crowd, async ({ browser }) => viewOf(await browser.refresh()));
    await assertHeldByRows(sql, crowd, { generation: 2 });
  });
}

Deno.test("a refresh that is late but within the limits is answered as ever", async () => {
  await using scene = await openScene(2 * ALL.length);
  const { crowd, sql } = scene;
  for (const [index, joint] of ALL.entries()) {
    const two = crowd.slice(2 * index, 2 * index + 2);
    await scene.during(joint, { kind: "delay", milliseconds: 700 }, async () => {
      await inLanes(2, two, async ({ browser }) => viewOf(await browser.refresh()));
    });
  }
  await assertHeldByRows(sql, crowd, { generation: 2 });
});

Deno.test("a refresh that does not arrive changes nothing, and rotates when it is repeated", async () => {
  await using scene = await openScene(ALL.length);
  const { crowd, sql } = scene;
  for (const [index, joint] of ALL.entries()) {
    const one = crowd.slice(index, index + 1);
    const { browser } = one[0] ?? assert.fail();
    const jar = [...browser.cookies];
    await scene.during(joint, { kind: "drop" }, async () => {
      assertNothingLost(joint, await browser.refresh().catch(lostReply));
    });
    assert.deepEqual([...browser.cookies], jar);
    assert.deepEqual(await countOutcomes(sql, one), {}, joint);
    viewOf(await browser.refresh());
    assert.deepEqual(await countOutcomes(sql, one), { rotated: 1 }, joint);
  }
  await assertHeldByRows(sql, crowd, { generation: 2 });
});

Deno.test("a logout whose reply is lost is done, and asked again it says so", async () => {
  await using scene = await openScene(1);
  const { browser } = scene.crowd[0] ?? assert.fail();
  const anotherTab = browser.copy();
  await scene.during("browsers", { kind: "truncate", bytes: 0 }, async () => {
    assertNothingLost("browsers", await browser.logout().catch(lostReply));
  });
  assert.equal(browser.cookies.size, 3, "the cookies are kept");
  const again = await browser.logout();
  assert.deepEqual([again.status, again.body["sessions_ended"], browser.cookies.size], [200, 0, 0]);
  assert.equal(codeOf(await anotherTab.refresh()), "session_revoked");
});

/** The twin of a request may still be under way when the request itself is answered. */
async function untilWritten(
  sql: postgres.Sql,
  crowd: readonly Member[],
  events: number,
): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    const written = Object.values(await countOutcomes(sql, crowd));
    if (written.reduce((sum, times) => sum + times, 0) >= events) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  assert.fail(`Not ${events} outcomes were written`);
}
