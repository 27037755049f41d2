import assert from "node:assert/strict";
import { ageSession } from "../../../local/testing/aging.ts";
import { viewOf } from "./browser.ts";
import { openHttpFixture } from "./fixture.ts";

const fixture = await openHttpFixture({ functions: ["unified-auth"] });
Deno.test.afterAll(() => fixture.close());

const HOUR = 3600;

Deno.test("the audit of sessions counts the live ones whose access token has expired", async () => {
  const count = async () => {
    const [row] = await fixture.sql`
      select count(*) from sessions
      where is_valid = true and access_token_expires_at < now() and refresh_token_expires_at > now();
    `;
    return Number(row?.["count"]);
  };
  const asleep = [await fixture.signIn(), await fixture.signIn()];
  for (const { sessionId } of asleep) await ageSession(fixture.sql, sessionId, 2 * HOUR);
  await fixture.signIn(); // awake
  const gone = await fixture.signIn();
  await gone.browser.logout();
  await ageSession(fixture.sql, gone.sessionId, 2 * HOUR);
  const expired = await fixture.signIn();
  await ageSession(fixture.sql, expired.sessionId, 31 * 24 * HOUR);

  assert.equal(await count(), asleep.length);
});

Deno.test("a search of the function's log for auto-refresh finds each one", async () => {
  const { browser, sessionId, person } = await fixture.signIn();
  await ageSession(fixture.sql, sessionId, 2 * HOUR);
  browser.cookies.delete("__Host-session_access"); // as a browser forgets it in time
  assert.equal(viewOf(await browser.validate()).refreshed, true);
  assert.equal(viewOf(await browser.validate()).refreshed, false);

  const isAutoRefresh = (entry: Readonly<Record<string, unknown>>) =>
    JSON.stringify(entry).includes("auto-refresh");
  const [entry = {}, ...others] = await fixture.readLog(isAutoRefresh, 1);
  assert.deepEqual(others, []);
  const { outcome, session_id, user_id, status, elapsed_ms, request_id } = entry;
  assert.equal(outcome, "auto-refresh");
  assert.deepEqual([session_id, user_id, status], [sessionId, person.id, 200]);
  assert.ok(Number(elapsed_ms) > 0 && request_id);
});
