import assert from "node:assert/strict";
import { exportJWK, generateKeyPair, importJWK, type JWTPayload, SignJWT } from "jose";
import { parseSigningKeys } from "../../../supabase/functions/_shared/tokens/signing_keys.ts";
import { openRestFixture } from "./rest_fixture.ts";

const fixture = await openRestFixture();
const { stack } = fixture;
const { keys } = stack;
Deno.test.afterAll(() => fixture.close());

const [sessionKey] = parseSigningKeys(stack.environment.SESSION_SIGNING_KEYS ?? "");
assert.ok(sessionKey);
const NOW = Math.floor(Date.now() / 1000);

async function ask(headers: Record<string, string>): Promise<Response> {
  return await fetch(`${stack.baseUrl}/rest/v1/rpc/context`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: "{}",
  });
}

async function roleOf(headers: Record<string, string>): Promise<string> {
  return (await (await ask(headers)).json()).current_user;
}

async function sign(claims: JWTPayload, kid = sessionKey?.kid ?? ""): Promise<string> {
  return await new SignJWT(claims)
    .setProtectedHeader({ alg: "ES256", kid, typ: "at+jwt" })
    .sign(await importJWK({ ...sessionKey, use: "sig" }, "ES256"));
}

const bearer = (token: string) => ({
  apikey: keys.publishable,
  authorization: `Bearer ${token}`,
});

Deno.test("every project key stands for its role, alone or as bearer", async () => {
  assert.equal(await roleOf({ apikey: keys.secret }), "service_role");
  assert.equal(await roleOf({ apikey: keys.serviceRole }), "service_role");
  assert.equal(await roleOf({ apikey: keys.publishable }), "anon");
  assert.equal(await roleOf({ apikey: keys.anon }), "anon");
  assert.equal(await roleOf(bearer(keys.secret)), "service_role");
});

Deno.test("without a key, or with another project's, nobody passes", async () => {
  for (
    const headers of [
      {},
      { apikey: "sb_secret_guess" },
      { authorization: `Bearer ${keys.secret}` },
      bearer("sb_secret_guess"),
    ] as Record<string, string>[]
  ) {
    const response = await ask(headers);
    assert.equal(response.status, 401);
    assert.match((await response.json()).message, /API key/);
  }
});

Deno.test("an access token of a session is believed, its claims reach the database", async () => {
  const sub = "00000000-0000-4000-8000-00000000ada1";
  const token = await sign({ sub, role: "authenticated", exp: NOW + 60, iat: NOW });
  const { current_user, auth_uid, claims } = await (await ask(bearer(token))).json();
  assert.deepEqual([current_user, auth_uid], ["authenticated", sub]);
  assert.deepEqual(claims, { sub, role: "authenticated", exp: NOW + 60, iat: NOW });
});

Deno.test("a token without a role is anonymous", async () => {
  assert.equal(await roleOf(bearer(await sign({ exp: NOW + 60 }))), "anon");
});

Deno.test("a token of the legacy secret is believed", async () => {
  const token = await new SignJWT({ role: "authenticated" })
    .setProtectedHeader({ alg: "HS256" })
    .sign(new TextEncoder().encode(keys.jwtSecret));
  assert.equal(await roleOf(bearer(token)), "authenticated");
});

const REFUSED: readonly [string, () => Promise<string>, string, string][] = [
  ["two parts", () => Promise.resolve("a.b"), "PGRST301", "Expected 3 parts in JWT; got 2"],
  [
    "an unknown kid",
    () => sign({ exp: NOW + 60 }, "unknown"),
    "PGRST301",
    "No suitable key or wrong key type",
  ],
  [
    "the right kid and another key",
    async () => {
      const { privateKey } = await generateKeyPair("ES256", { extractable: true });
      return await new SignJWT({ role: "service_role", exp: NOW + 60 })
        .setProtectedHeader({ alg: "ES256", kid: sessionKey.kid })
        .sign(await importJWK(await exportJWK(privateKey), "ES256"));
    },
    "PGRST301",
    "No suitable key or wrong key type",
  ],
  [
    "a public key used as a shared secret",
    async () =>
      await new SignJWT({ role: "service_role" })
        .setProtectedHeader({ alg: "HS256", kid: sessionKey.kid })
        .sign(new TextEncoder().encode(JSON.stringify(sessionKey))),
    "PGRST301",
    "No suitable key or wrong key type",
  ],
  [
    "no algorithm",
    () => {
      const part = (value: unknown) => btoa(JSON.stringify(value)).replaceAll("=", "");
      return Promise.resolve(`${part({ alg: "none" })}.${part({ role: "service_role" })}.`);
    },
    "PGRST301",
    "Wrong or unsupported encoding algorithm",
  ],
  ["an end 31 s ago", () => sign({ exp: NOW - 31 }), "PGRST303", "JWT expired"],
  ["a beginning in 90 s", () => sign({ nbf: NOW + 90 }), "PGRST303", "JWT not yet valid"],
  ["an issue in 90 s", () => sign({ iat: NOW + 90 }), "PGRST303", "JWT issued at future"],
];

for (const [what, make, code, message] of REFUSED) {
  Deno.test(`a token with ${what} is refused`, async () => {
    const response = await ask(bearer(await make()));
    const body = await response.json();
    assert.deepEqual([response.status, body.code, body.message], [401, code, message]);
    assert.match(response.headers.get("www-authenticate") ?? "", /^Bearer error="invalid_token"/);
  });
}

Deno.test("clocks may differ by half a minute", async () => {
  assert.equal(await roleOf(bearer(await sign({ exp: NOW - 20 }))), "anon");
  assert.equal(await roleOf(bearer(await sign({ nbf: NOW + 20, iat: NOW + 20 }))), "anon");
});

Deno.test("a remembered token still ends in time", async () => {
  const token = await sign({ exp: Math.floor(Date.now() / 1000) - 29 });
  assert.equal(await roleOf(bearer(token)), "anon");
  const deadline = Date.now() + 10_000;
  for (;;) {
    const response = await ask(bearer(token));
    const { code } = await response.json();
    if (code === "PGRST303") break;
    assert.ok(Date.now() < deadline, "the token is still believed");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
});

Deno.test("a role that does not exist, or may not be taken, is refused", async () => {
  const missing = await ask(bearer(await sign({ role: "nobody_here", exp: NOW + 60 })));
  assert.deepEqual([missing.status, (await missing.json()).code], [401, "22023"]);
  const forbidden = await ask(bearer(await sign({ role: "supabase_admin", exp: NOW + 60 })));
  assert.deepEqual([forbidden.status, (await forbidden.json()).code], [403, "42501"]);
});
