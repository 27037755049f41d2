import assert from "node:assert/strict";
import { AFTER_REUSE_INTERVAL_SECONDS } from "../../harness/reuse_interval.ts";
import { inLanes } from "../../resilience/fault/crowd.ts";
import { ageSession } from "../../../local/testing/aging.ts";
import { ACCESS_COOKIE, type Answer, type Browser, codeOf, viewOf } from "./browser.ts";
import { openHttpFixture } from "./fixture.ts";
import { assertRefused } from "./refusal.ts";

const BURST = 300;
const HOUR = 3600;

const fixture = await openHttpFixture({ functions: ["unified-auth"] });
Deno.test.afterAll(() => fixture.close());

/** Refreshes from a copy that keeps nothing, twenty at a time: what a page that reloads in a loop sends. */
async function flood(browser: Browser, count: number): Promise<readonly Answer[]> {
  const tab = browser.copy();
  return await inLanes(20, Array.from({ length: count }), () => tab.refresh({ lost: true }));
}

async function countEvents(sessionId: string): Promise<number> {
  const [row] = await fixture.sql<{ events: number }[]>`
    select count(*)::int as events from public.session_events where session_id = ${sessionId}`;
  return row?.events ?? 0;
}

Deno.test("of many refreshes of one session 300 are answered at once, the others wait and stay signed in", async () => {
  const { browser, sessionId } = await fixture.signIn({ ip: "198.51.100.20" });
  const neighbour = await fixture.signIn({ ip: "198.51.100.20" });
  const before = browser.copy();

  const startedAt = performance.now();
  const answers = await flood(browser, BURST + 60);
  const seconds = Math.ceil((performance.now() - startedAt) / 1000);
  const answered = answers.filter(({ status }) => status === 200).length;
  assert.ok(answered >= BURST && answered <= BURST + seconds, `${answered} in ${seconds} s`);
  const refused = answers.filter(({ status }) => status !== 200);
  assert.ok(refused.length > 0);
  for (const answer of refused) {
    assertRefused(answer, "over_request_rate_limit");
    assert.match(answer.headers.get("retry-after") ?? "", /^[1-9]\d*$/);
  }
  assert.equal(await countEvents(sessionId), answered + 1, "a refused one writes no event");

  viewOf(await neighbour.browser.refresh()); // the address is counted for nothing
  assert.deepEqual(browser.cookies, before.cookies);
  assert.equal(viewOf(await browser.validate()).refreshed, false, "an access token goes on");
  await ageSession(fixture.sql, sessionId, 2);
  assert.equal(viewOf(await browser.refresh()).session.id, sessionId);
});

Deno.test("a validate that would have to refresh waits likewise, and says that it knows nothing", async () => {
  const { browser } = await fixture.signIn();
  browser.cookies.delete(ACCESS_COOKIE);
  await flood(browser, BURST);
  let answer: Answer;
  do answer = await browser.validate({ lost: true }); while (answer.status === 200);
  assertRefused(answer, "over_request_rate_limit");
  assert.equal(answer.body["valid"], false);
});

Deno.test("who floods a session with a copied token holds its owner up for the reuse interval at most, and is found", async () => {
  const { browser: owner, sessionId } = await fixture.signIn();
  const thief = owner.copy();
  await ageSession(fixture.sql, sessionId, 2 * HOUR);
  assert.equal(viewOf(await thief.refresh()).session.generation, 2);
  assert.ok((await flood(thief, BURST + 60)).some(({ status }) => status === 429));

  assertRefused(await owner.refresh(), "over_request_rate_limit");
  await ageSession(fixture.sql, sessionId, AFTER_REUSE_INTERVAL_SECONDS);
  await fixture.sql`
    update public.sessions set rate_limit_tat = now() + interval '1 hour' where id = ${sessionId}`;
  assert.equal(viewOf(await owner.refresh()).session.generation, 2, "a reissue is never throttled");
  await ageSession(fixture.sql, sessionId, AFTER_REUSE_INTERVAL_SECONDS);
  viewOf(await owner.validate()); // the owner is seen with the new branch
  assert.equal(codeOf(await thief.refresh()), "refresh_token_already_used");
  assert.equal((await fixture.readSession(sessionId))["revoked_reason"], "reused");
});
