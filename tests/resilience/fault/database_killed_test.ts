import assert from "node:assert/strict";
import { startTestServer } from "../../../local/testing/test_server.ts";
import { viewOf } from "../../behaviour/http/browser.ts";
import {
  ageCrowd,
  askUntilAnswered,
  assertHeldByRows,
  countOutcomes,
  inLanes,
  signInCrowd,
} from "./crowd.ts";

const REFRESHES = 500;
const AT_ONCE = 40;
const KILLED_AFTER = 150;

Deno.test("PostgreSQL killed in the middle of 500 refreshes loses no session and gives none two successors", async () => {
  await using server = await startTestServer();
  await using stack = await server.startStack({
    functions: ["unified-auth"],
    // So that a slow recovery does not turn replays into re-issues.
    environment: { SESSION_WINDOW_SECONDS: "1800" },
  });
  const before = stack.database.connect({ max: 8 });
  const crowd = await signInCrowd({ functionsUrl: stack.functionsUrl, sql: before }, REFRESHES);
  await ageCrowd(before, crowd);
  const otherTabs = crowd.map(({ browser }) => browser.copy());

  let answered = 0;
  const killing = Promise.withResolvers<void>();
  const refreshing = inLanes(AT_ONCE, crowd, async ({ browser, sessionId }) => {
    const { answer, before } = await askUntilAnswered(() => browser.refresh());
    assert.equal(viewOf(answer).session.id, sessionId);
    answered += 1;
    if (answered === KILLED_AFTER) killing.resolve();
    return before;
  });
  await killing.promise;
  await server.kill();
  await server.start();
  const interrupted = (await refreshing).filter((tries) => tries.length > 0);
  // How many depends on the pool and on how soon the server is back: who waits may not notice it.
  assert.ok(interrupted.length > 0, "no refresh met the crash");

  const sql = stack.database.connect({ max: 8 });
  const outcomes = await countOutcomes(sql, crowd);
  assert.equal(outcomes["rotated"], REFRESHES, JSON.stringify(outcomes));
  const { rotated: _, unchanged = 0, replayed = 0, ...others } = outcomes;
  assert.deepEqual(others, {}, "nothing but rotations and their repetition");
  assert.ok(unchanged + replayed <= interrupted.flat().length);
  await assertHeldByRows(sql, crowd, { generation: 2 });

  await inLanes(8, otherTabs, async (tab) => viewOf(await tab.refresh()));
  for (const [index, { browser }] of crowd.entries()) {
    assert.equal(otherTabs[index]?.refreshToken, browser.refreshToken, "all retries agree");
  }
  await assertHeldByRows(sql, crowd, { generation: 2 });
});
