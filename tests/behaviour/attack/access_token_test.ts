import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import {
  decodeJwt,
  decodeProtectedHeader,
  exportJWK,
  exportSPKI,
  generateKeyPair,
  importJWK,
  type JWK,
  type JWTPayload,
  SignJWT,
} from "jose";
import { openTestServer } from "../../../local/testing/test_server.ts";
import { SEED_USERS } from "../../../local/platform/seed_users.ts";
import {
  importSigningKeys,
  parseSigningKeys,
} from "../../../supabase/functions/_shared/tokens/signing_keys.ts";
import { ageSession } from "../../../local/testing/aging.ts";
import { ACCESS_COOKIE, openBrowser, REFRESH_COOKIE, viewOf } from "../http/browser.ts";
import { openHttpFixture } from "../http/fixture.ts";
import { assertRefused } from "../http/refusal.ts";

const fixture = await openHttpFixture();
Deno.test.afterAll(() => fixture.close());

const signedIn = await fixture.signIn();
const genuine = signedIn.browser.accessToken ?? assert.fail();
const header = { ...decodeProtectedHeader(genuine), alg: "ES256" };
const claims = decodeJwt(genuine);
const own = await importSigningKeys(
  parseSigningKeys(fixture.stack.environment["SESSION_SIGNING_KEYS"] ?? ""),
);
const otherKey = await generateKeyPair("ES256");

type Key = Parameters<SignJWT["sign"]>[0];

function forge({ key, payload = {}, protectedHeader = {} }: {
  readonly key: Key;
  readonly payload?: JWTPayload;
  readonly protectedHeader?: Readonly<Record<string, unknown>>;
}): Promise<string> {
  return new SignJWT({ ...claims, ...payload })
    .setProtectedHeader({ ...header, ...protectedHeader })
    .sign(key);
}

async function forgeries(): Promise<Readonly<Record<string, string>>> {
  const key = own.signing.privateKey;
  const { baseUrl } = fixture.stack;
  const jwks = await (await fetch(`${baseUrl}/functions/v1/unified-auth/.well-known/jwks.json`))
    .json() as { keys: JWK[] };
  const [published] = jwks.keys;
  assert.ok(published);
  const publicKey = await importJWK(published, "ES256");
  assert.ok(!(publicKey instanceof Uint8Array), "an ES256 key is no shared secret");
  const pem = await exportSPKI(publicKey);
  const hmac = (secret: string) =>
    forge({ key: new TextEncoder().encode(secret), protectedHeader: { alg: "HS256" } });
  const [, payload] = genuine.split(".");
  const none = Buffer.from(JSON.stringify({ ...header, alg: "none" })).toString("base64url");
  return {
    "the right kid and another key": await forge({ key: otherKey.privateKey }),
    "a foreign key that it brings along": await forge({
      key: otherKey.privateKey,
      protectedHeader: { jwk: await exportJWK(otherKey.publicKey) },
    }),
    "alg none": `${none}.${payload}.`,
    "alg none with the genuine signature": `${none}.${genuine.split(".").slice(1).join(".")}`,
    "HS256 with the public key as PEM": await hmac(pem),
    "HS256 with the public key as JWK": await hmac(JSON.stringify(published)),
    "another issuer": await forge({ key, payload: { iss: "https://evil.example" } }),
    "another audience": await forge({ key, payload: { aud: "anon" } }),
    "another type": await forge({ key, protectedHeader: { typ: "JWT" } }),
    "no session": await forge({ key, payload: { session_id: undefined } }),
    "a service role": await forge({ key, payload: { role: "service_role" } }),
    "an unknown kid": await forge({ key, protectedHeader: { kid: "other" } }),
    "a service role key of the project": fixture.stack.keys.serviceRole,
    "a token of Supabase Auth": await supabaseToken(),
  };
}

async function supabaseToken(): Promise<string> {
  const { baseUrl, keys } = fixture.stack;
  const { email, password } = signedIn.person;
  const response = await fetch(`${baseUrl}/auth/v1/token?grant_type=password`, {
    method: "POST",
    headers: { apikey: keys.publishable, "content-type": "application/json" },
    body: JSON.stringify({ email, password }),
  });
  return (await response.json()).access_token;
}

Deno.test("a forged access token is refused on every route, by header and by cookie, without effect", async () => {
  const attempts = [
    { path: "/unified-auth/validate", body: {} },
    { path: "/unified-auth/validate", body: { refresh: "never" } },
    { path: "/unified-auth/logout", body: { scope: "others" } },
    { path: "/unified-auth/sessions", method: "GET" },
    { path: `/unified-auth/sessions/${signedIn.sessionId}`, method: "DELETE" },
    { path: "/validate-session", method: "GET" },
  ];
  for (const [what, token] of Object.entries(await forgeries())) {
    for (const { path, ...call } of attempts) {
      const byHeader = await fixture.openBrowser().call(path, {
        ...call,
        headers: { authorization: `Bearer ${token}` },
      });
      assertRefused(byHeader, "access_token_invalid", `${what}, Bearer, ${path}`);
      const thief = fixture.openBrowser({ cookies: new Map([[ACCESS_COOKIE, token]]) });
      assertRefused(await thief.call(path, call), "access_token_invalid", `${what}, ${path}`);
    }
    for (const scope of ["local", "global"]) {
      const thief = fixture.openBrowser({ cookies: new Map([[ACCESS_COOKIE, token]]) });
      const answer = await thief.call("/unified-auth/logout", { body: { scope } });
      assert.deepEqual(answer.body, { signed_out: true, sessions_ended: 0 }, what);
    }
  }
  assert.equal(viewOf(await signedIn.browser.validate()).session.id, signedIn.sessionId);
});

Deno.test("a key of the project or a token of Supabase Auth in the header does not hide the cookies", async () => {
  const { browser, sessionId } = await fixture.signIn();
  for (const bearer of [fixture.stack.keys.anon, await supabaseToken()]) {
    const headers = { authorization: `Bearer ${bearer}` };
    assert.equal(viewOf(await browser.validate({ headers })).session.id, sessionId);
  }
});

Deno.test("the tokens of another project are refused and revoke nothing", async () => {
  await using server = await openTestServer();
  await using other = await server.startStack({ functions: ["unified-auth"] });
  const abroad = openBrowser(other);
  await abroad.login(SEED_USERS.ada);

  const visitor = fixture.openBrowser({ cookies: abroad.cookies });
  const before = await countEvents();
  assertRefused(await visitor.validate(), "refresh_token_invalid");
  assertRefused(await visitor.validate({ body: { refresh: "never" } }), "access_token_invalid");
  assertRefused(await visitor.refresh(), "refresh_token_invalid");
  assertRefused(await visitor.call("/validate-session"), "access_token_invalid");
  assert.equal(await countEvents(), before);
  assert.equal((await abroad.validate()).status, 200);
});

async function countEvents(): Promise<number> {
  const [row] = await fixture.sql`select count(*)::int as events from public.session_events`;
  return row?.["events"];
}

Deno.test("a Bearer token of a dead session never clears the cookies of a live one", async () => {
  const dead = await fixture.signIn();
  const headers = { authorization: `Bearer ${dead.browser.accessToken}` };
  const deadCookies = dead.browser.copy();
  await dead.browser.logout();

  const { browser, sessionId } = await fixture.signIn();
  for (
    const answer of [
      await browser.validate({ headers, body: { refresh: "never" } }),
      await browser.call("/unified-auth/sessions", { method: "GET", headers }),
      await browser.call(`/unified-auth/sessions/${sessionId}`, { method: "DELETE", headers }),
      await browser.call("/validate-session", { headers }),
    ]
  ) assertRefused(answer, "session_revoked");
  assert.equal(viewOf(await browser.validate()).session.id, sessionId);

  const cleared = await deadCookies.validate();
  assert.equal(cleared.setCookies.length, 3, "its own cookies are cleared");
});

Deno.test("the access cookie of one session beside the refresh cookie of another ends neither", async () => {
  const first = await fixture.signIn();
  const second = await fixture.signIn();
  const mixed = second.browser.copy();
  mixed.cookies.set(ACCESS_COOKIE, first.browser.accessToken ?? "");
  await ageSession(fixture.sql, second.sessionId, 120);
  assert.equal((await mixed.validate()).status, 200);

  const dead = await fixture.signIn();
  await dead.browser.copy().logout();
  const stale = first.browser.copy();
  stale.cookies.set(REFRESH_COOKIE, dead.browser.refreshToken ?? "");
  assert.equal(viewOf(await stale.validate()).session.id, first.sessionId);
  for (const { browser } of [first, second]) assert.equal((await browser.validate()).status, 200);
});
