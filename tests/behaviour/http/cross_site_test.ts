import assert from "node:assert/strict";
import { sendRaw } from "../attack/requests.ts";
import { type Browser, viewOf } from "./browser.ts";
import { openHttpFixture } from "./fixture.ts";
import { assertCommonHeaders, assertRefused } from "./refusal.ts";

const APP = "https://app.example.com";
const ADMIN = "https://admin.example.com:8443";

const fixture = await openHttpFixture({
  environment: { SESSION_ALLOWED_ORIGINS: `${APP}, ${ADMIN}` },
});
Deno.test.afterAll(() => fixture.close());

const { functionsUrl, baseUrl } = fixture.stack;
const { browser, sessionId } = await fixture.signIn();

const WRITES = [
  { path: "/unified-auth/login", body: { email: "a@b.c", password: "x" } },
  { path: "/unified-auth/validate", body: {} },
  { path: "/unified-auth/refresh" },
  { path: "/unified-auth/logout", body: { scope: "global" } },
  { path: `/unified-auth/sessions/${sessionId}`, method: "DELETE" },
  { path: "/validate-session", body: {} },
];

const OTHER_SITES: readonly Readonly<Record<string, string>>[] = [
  { origin: "https://evil.example" },
  { origin: "https://app.example.com.evil.example" },
  { origin: "http://app.example.com" },
  { origin: "https://app.example.com:8443" },
  { origin: "https://APP.example.com" },
  { origin: "null" },
  { "sec-fetch-site": "cross-site" },
  { "sec-fetch-site": "same-site" },
  { origin: "null", "sec-fetch-site": "cross-site" },
  { origin: "https://evil.example", "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" },
  { origin: "https://evil.example", "x-forwarded-host": "app.example.com" },
];

function cookieHeader({ cookies }: Browser): string {
  return [...cookies].map((pair) => pair.join("=")).join("; ");
}

Deno.test("a cross-site request is refused on every route, before anything is done", async () => {
  for (const headers of OTHER_SITES) {
    for (const { path, ...call } of WRITES) {
      const answer = await browser.call(path, { ...call, headers });
      assertRefused(answer, "cross_site_request", `${JSON.stringify(headers)} ${path}`);
      assert.equal(answer.headers.get("access-control-allow-origin"), null);
    }
  }
  assert.equal((await fixture.readSession(sessionId))["is_valid"], true);
  const [row] = await fixture.sql`
    select count(*)::int as failures from public.session_events where event = 'login_failed'`;
  assert.equal(row?.["failures"], 0);
});

Deno.test("a form on another site's page signs nobody in or out, whatever it is encoded as", async () => {
  const forms = [
    ["application/x-www-form-urlencoded", "scope=global"],
    ["text/plain", '{"scope":"global", "x": "="}'],
    ["multipart/form-data; boundary=b", '--b\r\nContent-Disposition: form-data; name="scope"\r\n'],
  ] as const;
  for (const [contentType, body] of forms) {
    for (const path of ["/unified-auth/login", "/unified-auth/logout", "/unified-auth/refresh"]) {
      const url = `${functionsUrl}${path}`;
      const cookie = cookieHeader(browser);
      const post = (headers: Readonly<Record<string, string>>) =>
        sendRaw(url, { contentType, body, headers: { cookie, ...headers } });
      assertRefused(await post({ origin: "null" }), "cross_site_request");
      // Even where a browser tells nothing of where the form stands.
      assertRefused(await post({}), "unsupported_media_type");
    }
  }
  assert.equal(viewOf(await browser.validate()).session.id, sessionId);
});

Deno.test("our own pages, allowed ones and callers that are no browser pass", async () => {
  const welcome: readonly Readonly<Record<string, string>>[] = [
    {},
    { origin: APP },
    { origin: ADMIN, "sec-fetch-site": "cross-site" },
    { origin: baseUrl.replace("http:", "https:") }, // a proxy in front ended TLS
    { origin: baseUrl, "sec-fetch-site": "same-origin" },
    { "sec-fetch-site": "same-origin" },
    { "sec-fetch-site": "none" },
  ];
  for (const headers of welcome) {
    assert.equal((await browser.validate({ headers })).status, 200, JSON.stringify(headers));
  }
});

Deno.test("another site's page may make a browser send a GET, and reads nothing of the answer", async () => {
  const headers = { origin: "https://evil.example", "sec-fetch-site": "cross-site" };
  const answer = await browser.call("/unified-auth/sessions", { method: "GET", headers });
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get("access-control-allow-origin"), null);
  assert.equal(answer.headers.get("access-control-allow-credentials"), null);
  assert.equal(answer.headers.get("vary"), "Origin");
});

Deno.test("an allowed origin is reflected exactly, with credentials, on success and on failure", async () => {
  for (const origin of [APP, ADMIN]) {
    const visitor = fixture.openBrowser();
    const headers = { origin };
    const answers = [
      await browser.validate({ headers }),
      await visitor.validate({ headers }),
      await visitor.call("/unified-auth/nothing", { headers }),
      await visitor.call("/unified-auth/login", { method: "GET", headers }),
      await visitor.call("/unified-auth/login", { body: { email: 1 }, headers }),
      await visitor.call("/unified-auth/health", { method: "GET", headers }),
      await visitor.call("/unified-auth/openapi.json", { method: "GET", headers }),
    ];
    for (const answer of answers) {
      assert.equal(answer.headers.get("access-control-allow-origin"), origin);
      assert.equal(answer.headers.get("access-control-allow-credentials"), "true");
      assertCommonHeaders(answer, String(answer.status));
    }
  }
});

Deno.test("a preflight is answered for an allowed origin and gives another one no CORS headers", async () => {
  const preflight = (origin: string) =>
    fixture.openBrowser().call("/unified-auth/refresh", {
      method: "OPTIONS",
      headers: {
        origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type",
      },
    });
  const welcome = await preflight(APP);
  assert.equal(welcome.status, 204);
  assertCommonHeaders(welcome);
  assert.equal(welcome.headers.get("access-control-allow-origin"), APP);
  assert.equal(welcome.headers.get("access-control-allow-credentials"), "true");
  assert.equal(welcome.headers.get("access-control-allow-methods"), "GET, POST, PUT, DELETE");
  assert.match(welcome.headers.get("access-control-allow-headers") ?? "", /content-type/);

  const refused = await preflight("https://evil.example");
  assertCommonHeaders(refused);
  const granted = [...refused.headers.keys()].filter((name) => name.startsWith("access-control-"));
  assert.deepEqual(granted, []);
});

Deno.test("only the public keys may be cached", async () => {
  const ask = (path: string) => fixture.openBrowser().call(path, { method: "GET" });
  const keys = await ask("/unified-auth/.well-known/jwks.json");
  assert.equal(keys.headers.get("cache-control"), "public, max-age=600");
  assert.doesNotMatch(JSON.stringify(keys.body), /"d":/);
  for (const path of ["/unified-auth/health", "/unified-auth/openapi.json"]) {
    assertCommonHeaders(await ask(path));
  }
});
