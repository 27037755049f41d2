import assert from "node:assert/strict";
import { ACCESS_COOKIE, type Browser, REFRESH_COOKIE, viewOf } from "../http/browser.ts";
import { openHttpFixture } from "../http/fixture.ts";
import { assertRefused } from "../http/refusal.ts";
import { sendRaw } from "./requests.ts";

const fixture = await openHttpFixture();
Deno.test.afterAll(() => fixture.close());

const { functionsUrl } = fixture.stack;
const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"];

const ALLOWED: Readonly<Record<string, string>> = {
  "/unified-auth/login": "POST",
  "/unified-auth/validate": "POST",
  "/unified-auth/refresh": "POST",
  "/unified-auth/logout": "POST",
  "/unified-auth/sessions": "GET",
  "/unified-auth/sessions/00000000-0000-4000-8000-000000000000": "DELETE",
  "/unified-auth/.well-known/jwks.json": "GET",
  "/unified-auth/openapi.json": "GET",
  "/unified-auth/health": "GET",
  "/validate-session": "GET, POST",
};

const { browser, sessionId } = await fixture.signIn();

function cookieHeader({ cookies }: Browser): string {
  return [...cookies].map((pair) => pair.join("=")).join("; ");
}

async function assertNothingLost(): Promise<void> {
  assert.equal((await fixture.readSession(sessionId))["generation"], 1);
  assert.equal(viewOf(await browser.validate()).session.id, sessionId);
}

Deno.test("another method of a known path is answered 405 with the methods that it has", async () => {
  for (const [path, allow] of Object.entries(ALLOWED)) {
    for (const method of METHODS.filter((each) => !allow.split(", ").includes(each))) {
      const answer = await browser.call(path, { method });
      assertRefused(answer, "method_not_allowed", `${method} ${path}`);
      assert.equal(answer.headers.get("allow"), allow, path);
    }
  }
  await assertNothingLost();
});

Deno.test("HEAD is answered like GET where there is a GET, and 405 on other routes", async () => {
  for (const [path, allow] of Object.entries(ALLOWED)) {
    const { status, body } = await browser.call(path, { method: "HEAD" });
    assert.equal(status, allow.includes("GET") ? 200 : 405, path);
    assert.deepEqual(body, {}, path);
  }
  await assertNothingLost();
});

Deno.test("an unknown path is answered 404, whatever its method", async () => {
  const paths = [
    "/unified-auth",
    "/unified-auth/",
    "/unified-auth/nothing",
    "/unified-auth/login/now",
    "/unified-auth/LOGIN",
    "/unified-auth/log%69n%2f..",
    "/unified-auth/%00",
    "/unified-auth/%ff",
    "/unified-auth/%",
    "/unified-auth/sessions/not-a-uuid",
    "/unified-auth/sessions/%00",
    "/unified-auth/sessions/..%2f..%2flogin",
    `/unified-auth/sessions/${sessionId}/more`,
    "/unified-auth/__proto__",
    "/unified-auth/constructor",
    "/unified-auth/.well-known/openid-configuration",
    "/unified-auth//validate-session",
    "/validate-session/more",
    `/unified-auth/${"x".repeat(8000)}`,
  ];
  for (const path of paths) {
    for (const method of ["GET", "POST", "DELETE"]) {
      if (/^\/unified-auth\/sessions\/[^/]+$/.test(path) && method !== "DELETE") continue;
      const answer = await sendRaw(`${functionsUrl}${path}`, {
        method,
        headers: { cookie: cookieHeader(browser) },
      });
      assertRefused(answer, "not_found", `${method} ${path.slice(0, 60)}`);
    }
  }
  await assertNothingLost();
});

Deno.test("of two cookies of one name the genuine one is found, whichever comes first", async () => {
  const { cookies } = browser;
  const junk = `${ACCESS_COOKIE}=junk; ${REFRESH_COOKIE}=junk`;
  const genuine = cookieHeader(browser);
  const forms = [
    `${junk}; ${genuine}`,
    `${genuine}; ${junk}`,
    `${genuine}; ${genuine}`,
    `theme=dark;${genuine};;=; ${junk};`,
    `${REFRESH_COOKIE}="${cookies.get(REFRESH_COOKIE)}"; ${junk}`,
  ];
  for (const cookie of forms) {
    const answer = await sendRaw(`${functionsUrl}/unified-auth/validate`, { headers: { cookie } });
    assert.equal(viewOf(answer).session.id, sessionId, cookie.slice(0, 40));
  }
  const forged = await sendRaw(`${functionsUrl}/unified-auth/refresh`, {
    headers: { cookie: `${REFRESH_COOKIE}=junk; ${REFRESH_COOKIE}=more junk` },
  });
  assertRefused(forged, "refresh_token_invalid");
  await assertNothingLost();
});

Deno.test("a Cookie header of more than 32 KiB is refused and nothing of it is lost", async () => {
  const padding = (bytes: number) => `padding=${"x".repeat(bytes)}`;
  for (const path of ["/unified-auth/validate", "/unified-auth/refresh", "/validate-session"]) {
    const cookie = `${cookieHeader(browser)}; ${padding(33 * 1024)}`;
    assertRefused(
      await sendRaw(`${functionsUrl}${path}`, { headers: { cookie } }),
      "headers_too_large",
    );
  }
  const cookie = `${cookieHeader(browser)}; ${padding(20 * 1024)}`;
  assert.equal(
    (await sendRaw(`${functionsUrl}/unified-auth/validate`, { headers: { cookie } })).status,
    200,
  );
  await assertNothingLost();
});

Deno.test("a Cookie header of 100 KiB is refused by the server itself, with an empty 400", async () => {
  const cookie = `${cookieHeader(browser)}; padding=${"x".repeat(100 * 1024)}`;
  const instance = fixture.stack.functions["unified-auth"]?.[0] ?? assert.fail();
  for (const base of [functionsUrl, instance.url]) {
    const { status, body, setCookies } = await sendRaw(`${base}/unified-auth/validate`, {
      headers: { cookie },
    });
    assert.deepEqual({ status, body, setCookies }, { status: 400, body: {}, setCookies: [] });
  }
  await assertNothingLost();
});

Deno.test("hundreds of forged cookies are refused like one", async () => {
  const forged = Array.from({ length: 700 }, (_, at) => `${ACCESS_COOKIE}=a.b.${at}`).join("; ");
  const answer = await sendRaw(`${functionsUrl}/unified-auth/validate`, {
    headers: { cookie: forged },
  });
  assertRefused(answer, "access_token_invalid");
});

Deno.test("a strange Authorization header or address is no error", async () => {
  const odd: readonly Readonly<Record<string, string>>[] = [
    { authorization: "" },
    { authorization: "Bearer" },
    { authorization: "Basic YWRhOng=" },
    { authorization: "Bearer a b" },
    { "cf-connecting-ip": "999.1.1.1" },
    { "cf-connecting-ip": "fe80::1%eth0" },
    { "cf-connecting-ip": "'; drop table sessions; --" },
    { "user-agent": "\u00ff\u0080" },
    { "user-agent": "x".repeat(16_000) },
    { "x-forwarded-host": "[::bad" },
    { "accept-language": "x".repeat(8000) },
  ];
  for (const headers of odd) {
    const answer = await browser.copy().call("/unified-auth/validate", { headers });
    assert.equal(answer.status, 200, JSON.stringify(headers).slice(0, 60));
  }
  await assertNothingLost();
});
