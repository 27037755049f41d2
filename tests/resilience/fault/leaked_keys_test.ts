import assert from "node:assert/strict";
import { generateKeys } from "../../../local/keys.ts";
import { ACCESS_COOKIE } from "../../behaviour/http/browser.ts";
import { openHttpFixture } from "../../behaviour/http/fixture.ts";
import { newSessionSecret } from "../../behaviour/http/instance_with_secrets.ts";
import { assertRefused } from "../../behaviour/http/refusal.ts";
import { viewOf } from "../../behaviour/http/browser.ts";

const fixture = await openHttpFixture({ functions: ["unified-auth"] });
Deno.test.afterAll(() => fixture.close());

const [instance = assert.fail()] = fixture.stack.functions["unified-auth"] ?? [];

Deno.test("a signing key that is replaced at once voids every access token and signs nobody out", async () => {
  const { browser, sessionId } = await fixture.signIn();
  const stolen = browser.accessToken;
  const { SESSION_SIGNING_KEYS } = await generateKeys();
  await instance.restart({ SESSION_SIGNING_KEYS });

  const thief = fixture.openBrowser({ cookies: new Map([[ACCESS_COOKIE, String(stolen)]]) });
  assertRefused(await thief.validate(), "access_token_invalid");
  const view = viewOf(await browser.validate());
  assert.deepEqual({ id: view.session.id, refreshed: view.refreshed }, {
    id: sessionId,
    refreshed: true,
  });
});

Deno.test("a session secret that is replaced at once voids every refresh token, and access tokens go on", async () => {
  const { browser, sessionId } = await fixture.signIn();
  await instance.restart({ SESSION_SECRET: await newSessionSecret() });

  assertRefused(await browser.refresh(), "refresh_token_invalid");
  assert.equal(viewOf(await browser.validate()).session.id, sessionId);
  browser.cookies.delete(ACCESS_COOKIE);
  assertRefused(await browser.validate(), "refresh_token_invalid");
});
