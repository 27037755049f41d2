import assert from "node:assert/strict";
import { backdateAccessToken } from "./access_token_forge.ts";
import { type Answer, codeOf } from "./browser.ts";
import { openHttpFixture } from "./fixture.ts";

const fixture = await openHttpFixture();
Deno.test.afterAll(() => fixture.close());

const REALM = 'Bearer realm="unified-auth"';

Deno.test("a 401 challenges for a bearer token, and says of a presented one that it is invalid", async () => {
  const { browser } = await fixture.signIn();
  const expired = await backdateAccessToken(browser.accessToken ?? "", {
    seconds: 14 * 3600,
    environment: fixture.stack.environment,
  });
  const ask = (path: string, bearer?: string): Promise<Answer> =>
    fixture.openBrowser().call(path, {
      method: path.endsWith("/sessions") ? "GET" : "POST",
      ...(bearer === undefined ? {} : { headers: { authorization: `Bearer ${bearer}` } }),
    });
  for (const path of ["/unified-auth/validate", "/unified-auth/sessions", "/validate-session"]) {
    const answers = {
      access_token_missing: await ask(path),
      access_token_invalid: await ask(path, "a.b.c"),
      expired: await ask(path, expired),
    };
    for (const [what, answer] of Object.entries(answers)) {
      assert.equal(answer.status, 401, what);
      if (what !== "expired") assert.equal(codeOf(answer), what);
      assert.equal(
        answer.headers.get("www-authenticate"),
        what === "access_token_missing" ? REALM : `${REALM}, error="invalid_token"`,
        `${path}: ${what}`,
      );
    }
  }
  assert.equal((await ask("/unified-auth/refresh")).headers.get("www-authenticate"), REALM);
  assert.equal((await browser.validate()).headers.get("www-authenticate"), null);
});
