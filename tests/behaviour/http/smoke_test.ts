import assert from "node:assert/strict";
import { SEED_USERS } from "../../../local/platform/seed_users.ts";
import { openTestServer } from "../../../local/testing/test_server.ts";
import { ageSession } from "../../../local/testing/aging.ts";
import { codeOf, openBrowser, viewOf } from "./browser.ts";

Deno.test("a session is signed in, validated, rotated and signed out", async () => {
  await using server = await openTestServer();
  await using stack = await server.startStack();
  const sql = stack.database.connect();
  const browser = openBrowser(stack);

  const signedIn = await browser.login(SEED_USERS.ada);
  assert.equal(signedIn.session.generation, 1);
  assert.equal(signedIn.session.access_token_expires_in, 3600);

  const validated = viewOf(await browser.validate());
  assert.deepEqual({ refreshed: validated.refreshed, id: validated.session.id }, {
    refreshed: false,
    id: signedIn.session.id,
  });

  await ageSession(sql, signedIn.session.id, 3000);
  const before = browser.refreshToken;
  assert.equal(viewOf(await browser.refresh()).session.generation, 2);
  assert.notEqual(browser.refreshToken, before);

  assert.equal((await browser.logout()).status, 200);
  assert.deepEqual([...browser.cookies.keys()], [], "the cookies are cleared");
  assert.equal(codeOf(await browser.validate()), "access_token_missing");
});
