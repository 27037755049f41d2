import assert from "node:assert/strict";
import { SEED_USERS } from "../../../local/platform/seed_users.ts";
import { openTestServer } from "../../../local/testing/test_server.ts";
import { ageSession } from "../../../local/testing/aging.ts";
import { openBrowser, viewOf } from "./browser.ts";

const GRACE = 43_200;

const SPECIAL = {
  SESSION_COOKIE_DOMAIN: "example.com",
  SESSION_COOKIE_SAMESITE: "none",
  SESSION_EXPOSE_ACCESS_TOKEN: "true",
  SESSION_ACCESS_TTL_SECONDS: "600",
  SESSION_GRACE_SECONDS: "1200",
  SESSION_REFRESH_TTL_SECONDS: "86400",
};

/** Name, attributes in the order sent, and the lifetime apart from them. */
function dissect(setCookie: string) {
  const [pair = "", ...parts] = setCookie.split("; ");
  const maxAge = parts.find((part) => part.startsWith("Max-Age="));
  return {
    name: pair.slice(0, pair.indexOf("=")),
    value: pair.slice(pair.indexOf("=") + 1),
    attributes: parts.filter((part) => part !== maxAge && !part.startsWith("Expires=")),
    maxAgeSeconds: Number(maxAge?.slice("Max-Age=".length)),
  };
}

function isNear(actual: number, expected: number): void {
  assert.ok(actual <= expected && actual > expected - 10, `${actual} is not near ${expected}`);
}

Deno.test("cookies are HttpOnly, Secure, Lax and bound to their host, each in a separate header", async () => {
  await using server = await openTestServer();
  await using stack = await server.startStack({ functions: ["unified-auth"] });
  const browser = openBrowser(stack);
  const readable = ["Path=/", "Secure", "SameSite=Lax"];
  const attributes = [...readable, "HttpOnly"];
  const login = await browser.call("/unified-auth/login", {
    body: { email: SEED_USERS.ada.email, password: SEED_USERS.ada.password },
  });
  const { id } = viewOf(login).session;

  await ageSession(stack.database.connect({ max: 1 }), id, 120);
  const refreshed = await browser.refresh();
  for (const answer of [login, refreshed]) {
    const [access, refresh, present, ...others] = answer.setCookies.map(dissect);
    assert.ok(access && refresh && present);
    assert.deepEqual(others, []);
    assert.deepEqual([access.name, refresh.name, present.name], [
      "__Host-session_access",
      "__Host-session_refresh",
      "__Host-session_present",
    ]);
    assert.deepEqual(present.attributes.toSorted(), readable.toSorted());
    assert.deepEqual([present.value, present.maxAgeSeconds], ["1", refresh.maxAgeSeconds]);
    assert.deepEqual([access.attributes.toSorted(), refresh.attributes.toSorted()], [
      attributes.toSorted(),
      attributes.toSorted(),
    ]);
    isNear(access.maxAgeSeconds, 3600 + GRACE);
    isNear(refresh.maxAgeSeconds, 2_592_000);
    assert.doesNotMatch(JSON.stringify(answer.body), new RegExp(refresh.value));
    assert.equal(answer.body["access_token"], undefined);
  }

  const validated = await browser.validate();
  assert.deepEqual(validated.setCookies, [], "a validate that refreshes nothing sets nothing");

  const cleared = (await browser.logout()).setCookies.map(dissect);
  assert.deepEqual(cleared.map(({ name, value, maxAgeSeconds }) => [name, value, maxAgeSeconds]), [
    ["__Host-session_access", "", 0],
    ["__Host-session_refresh", "", 0],
    ["__Host-session_present", "", 0],
  ]);
  for (const [at, cookie] of cleared.entries()) {
    assert.deepEqual(cookie.attributes.toSorted(), (at < 2 ? attributes : readable).toSorted());
  }
});

Deno.test("cookies are shared between subdomains, partitioned and exposed where the settings say so", async () => {
  await using server = await openTestServer();
  await using stack = await server.startStack({
    functions: ["unified-auth"],
    environment: SPECIAL,
  });
  const browser = openBrowser({ ...stack, publicUrl: "https://api.example.com/functions/v1" });
  const login = await browser.call("/unified-auth/login", {
    body: { email: SEED_USERS.ada.email, password: SEED_USERS.ada.password },
  });
  const [access, refresh, present] = login.setCookies.map(dissect);
  assert.ok(access && refresh && present);
  const attributes = [
    "Path=/",
    "Secure",
    "SameSite=None",
    "Domain=example.com",
    "Partitioned",
  ];
  for (const cookie of [access, refresh, present]) {
    assert.match(cookie.name, /^__Secure-session_(access|refresh|present)$/);
    const kept: readonly string[] = cookie === present ? [] : ["HttpOnly"];
    assert.deepEqual(cookie.attributes.toSorted(), [...attributes, ...kept].toSorted());
  }
  isNear(access.maxAgeSeconds, 600 + 1200);
  isNear(refresh.maxAgeSeconds, 86_400);

  assert.equal(viewOf(login).access_token, access.value);
  const validated = viewOf(await browser.validate());
  assert.deepEqual({ refreshed: validated.refreshed, access_token: validated.access_token }, {
    refreshed: false,
    access_token: access.value,
  });
  assert.equal((await browser.call("/unified-auth/sessions", { method: "GET" })).status, 200);
  assert.equal((await browser.logout()).setCookies.length, 3);
  assert.deepEqual([...browser.cookies.keys()], [], "the cookies are cleared");
});

Deno.test("without Secure and with a suffix the cookies work, and the API's description names them", async () => {
  await using server = await openTestServer();
  await using stack = await server.startStack({
    functions: ["unified-auth"],
    environment: { SESSION_COOKIE_PREFIX: "", SESSION_COOKIE_SUFFIX: "shop" },
  });
  const browser = openBrowser(stack);
  await browser.login(SEED_USERS.ada);
  const names = ["session_access_shop", "session_refresh_shop"];
  assert.deepEqual([...browser.cookies.keys()], [...names, "session_present_shop"]);
  viewOf(await browser.validate());
  viewOf(await browser.refresh());
  const { body } = await browser.call("/unified-auth/openapi.json", { method: "GET" });
  const schemes = JSON.stringify(body["components"]);
  for (const name of names) assert.ok(schemes.includes(`"${name}"`), name);
  assert.equal((await browser.logout()).status, 200);
  assert.deepEqual([...browser.cookies.keys()], [], "the cookies are cleared");
});
