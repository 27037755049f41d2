import assert from "node:assert/strict";
import { SEED_USERS } from "../../../local/platform/seed_users.ts";
import { openTestServer } from "../../../local/testing/test_server.ts";
import { ageSession } from "../../../local/testing/aging.ts";
import {
  ACCESS_COOKIE,
  type Answer,
  type Browser,
  openBrowser,
  REFRESH_COOKIE,
  viewOf,
} from "../../behaviour/http/browser.ts";

/** Keeps one cookie of an answer, as a proxy does that drops the others. */
function keepOnly(browser: Browser, answer: Answer, name: string): void {
  const line = answer.setCookies.find((cookie) => cookie.startsWith(`${name}=`));
  assert.ok(line);
  browser.cookies.set(name, line.slice(name.length + 1).split(";")[0] ?? "");
}

Deno.test("a stale access cookie beside a newer refresh cookie is no second holder", async () => {
  await using server = await openTestServer();
  await using stack = await server.startStack();
  const sql = stack.database.connect({ max: 1 });
  const browser = openBrowser(stack);
  const { session } = await browser.login(SEED_USERS.ada);

  await ageSession(sql, session.id, 120);
  keepOnly(browser, await browser.refresh({ lost: true }), ACCESS_COOKIE);
  await ageSession(sql, session.id, 300);
  const onDisk = new Map(browser.cookies);
  viewOf(await browser.validate());
  for (const [name, value] of onDisk) browser.cookies.set(name, value); // a crash
  await ageSession(sql, session.id, 90);
  keepOnly(browser, await browser.refresh({ lost: true }), REFRESH_COOKIE);

  assert.equal(viewOf(await browser.validate({ body: { refresh: "never" } })).valid, true);
  const grace = await browser.call("/validate-session");
  assert.equal(grace.body["status"], "active");
  await ageSession(sql, session.id, 3_600);
  assert.equal(viewOf(await browser.refresh()).session.id, session.id);
});
