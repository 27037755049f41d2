import assert from "node:assert/strict";
import { SEED_USERS } from "../../../local/platform/seed_users.ts";
import { codeOf, openBrowser, viewOf } from "./browser.ts";
import { openHttpFixture } from "./fixture.ts";

const fixture = await openHttpFixture();
Deno.test.afterAll(() => fixture.close());

/** The function itself, with no gateway in front that would change a path. */
function instanceUrl(name: string): string {
  return (fixture.stack.functions[name]?.[0] ?? assert.fail()).url;
}

Deno.test("a route is found behind the platform's prefix, without it, and behind a proxy's own path", async () => {
  const prefixes = [
    "/functions/v1/unified-auth",
    "/unified-auth",
    "",
    "/api/auth",
    "/api/unified-auth",
    "/deep/er/unified-auth",
  ];
  const { email, password } = SEED_USERS.grace;
  for (const prefix of prefixes) {
    const browser = openBrowser({ functionsUrl: `${instanceUrl("unified-auth")}${prefix}` });
    const login = await browser.call("/login", { body: { email, password } });
    const { id } = viewOf(login).session;
    assert.equal(viewOf(await browser.call("/validate/")).session.id, id, prefix);
    assert.equal(viewOf(await browser.call("/refresh?from=here")).session.id, id, prefix);
    const gets = ["/sessions", "/health", "/openapi.json", "/.well-known/jwks.json"];
    for (const path of gets) {
      assert.equal((await browser.call(path, { method: "GET" })).status, 200, `${prefix}${path}`);
    }
    const unknown = await browser.call(`/sessions/${crypto.randomUUID()}`, { method: "DELETE" });
    assert.equal(codeOf(unknown), "not_found", prefix);
    const ended = await browser.call(`/sessions/${id}`, { method: "DELETE" });
    assert.equal(ended.body["sessions_ended"], 1, prefix);
    assert.equal((await browser.call("/logout")).status, 200, prefix);
  }
});

Deno.test("validate-session is found behind every prefix that holds its name", async () => {
  for (
    const path of [
      "/functions/v1/validate-session",
      "/validate-session",
      "/",
      "/api/validate-session/",
    ]
  ) {
    const browser = openBrowser({ functionsUrl: instanceUrl("validate-session") });
    assert.equal(codeOf(await browser.call(path)), "access_token_missing", path);
  }
});
