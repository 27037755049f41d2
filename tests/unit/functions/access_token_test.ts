import assert from "node:assert/strict";
import fc from "fast-check";
import {
  createLocalJWKSet,
  decodeJwt,
  decodeProtectedHeader,
  exportJWK,
  generateKeyPair,
  jwtVerify,
} from "jose";
import type { RawRefreshToken, UserId } from "../../../supabase/functions/_shared/brands.ts";
import {
  CLAIMS,
  COOKIE_NAME_LENGTH,
  createTokens,
  hmacTokens,
  importKeys,
  ISSUER,
  keys,
  privateJwk,
  tokens,
} from "./access_token_fixture.ts";
import { branches, generations, sessionIds } from "./arbitraries.ts";

Deno.test("claims are read back as they were signed, with either algorithm", async () => {
  const plain = { noNullPrototype: true };
  // Zod leaves out a member named __proto__, on purpose.
  const names = fc.string({ maxLength: 9 }).filter((name) => name !== "__proto__");
  const claims = fc.record({
    userId: fc.uuid().map((id) => id as UserId),
    sessionId: sessionIds,
    generation: generations,
    branch: branches,
    aal: fc.constantFrom("aal1", "aal2"),
    amr: fc.array(fc.record({ method: fc.string(), timestamp: fc.nat() }, plain), { maxLength: 3 }),
    role: fc.constantFrom("authenticated", "limited", "Staff"),
    email: fc.option(fc.emailAddress()),
    phone: fc.option(fc.string()),
    isAnonymous: fc.boolean(),
    appMetadata: fc.option(fc.dictionary(names, fc.string(), plain)),
    issuedAt: fc.integer({ min: 1, max: 2 ** 33 }),
    expiresAt: fc.integer({ min: 1, max: 2 ** 33 }),
  }, plain);
  await fc.assert(
    fc.asyncProperty(claims, fc.constantFrom(tokens, hmacTokens), async (original, signer) => {
      const { token } = await signer.sign(original);
      assert.deepEqual(await tokens.verify(token), { kind: "genuine", claims: original });
    }),
    { numRuns: 50 },
  );
});

Deno.test("a token says what PostgREST, Realtime and Storage look for", async () => {
  const { token } = await tokens.sign(CLAIMS);
  assert.deepEqual(decodeProtectedHeader(token), { alg: "ES256", kid: "ec", typ: "at+jwt" });
  assert.deepEqual(decodeJwt(token), {
    iss: ISSUER,
    aud: "authenticated",
    role: "authenticated",
    sub: CLAIMS.userId,
    session_id: CLAIMS.sessionId,
    gen: 3,
    branch: 1,
    aal: "aal2",
    amr: CLAIMS.amr,
    email: "ada@example.com",
    phone: "4915112345678",
    is_anonymous: false,
    app_metadata: CLAIMS.appMetadata,
    iat: 1_700_000_000,
    exp: 1_700_003_600,
  });
});

Deno.test("the project's claims go in, and those that the session stands on stay ours", async () => {
  const { token, claims } = await tokens.sign(CLAIMS, {
    user_role: "admin",
    org_id: null,
    aal: "aal1",
    role: "limited",
    sub: "somebody",
    session_id: "x",
    gen: 99,
    branch: 9,
    iat: 1,
    exp: 9_999_999_999,
    iss: "https://evil.example",
    aud: "anon",
  });
  const payload = decodeJwt(token);
  const own = decodeJwt((await tokens.sign(CLAIMS)).token);
  assert.deepEqual(payload, {
    ...own,
    user_role: "admin",
    org_id: null,
    aal: "aal1",
    role: "limited",
  });
  assert.deepEqual(claims, { ...CLAIMS, aal: "aal1", role: "limited" });
  assert.deepEqual(await tokens.verify(token), { kind: "genuine", claims });
});

Deno.test("claims that would make a token that we refuse ourselves are not signed", async () => {
  for (const added of [{ role: "service_role" }, { role: 1 }, { amr: "password" }, { aal: null }]) {
    await assert.rejects(tokens.sign(CLAIMS, added), TypeError);
  }
});

Deno.test("anybody verifies a token with the published keys", async () => {
  const { token } = await tokens.sign(CLAIMS);
  const jwks = createLocalJWKSet({
    keys: keys.publicJwks.keys.map((key) => ({ ...key, key_ops: ["verify"] })),
  });
  const { payload } = await jwtVerify(token, jwks, { currentDate: new Date(1_700_000_000_000) });
  assert.equal(payload.sub, CLAIMS.userId);
});

Deno.test("a genuine token stays genuine after its expiry, which the caller judges", async () => {
  const { token } = await tokens.sign({ ...CLAIMS, issuedAt: 1, expiresAt: 2 });
  const result = await tokens.verify(token);
  assert.ok(result.kind === "genuine");
  assert.deepEqual([result.claims.issuedAt, result.claims.expiresAt], [1, 2]);
});

Deno.test("a token of an older key stays genuine after a newer one signs", async () => {
  const { token } = await tokens.sign(CLAIMS);
  const newer = {
    ...await exportJWK((await generateKeyPair("ES256", { extractable: true })).privateKey),
    kid: "newer",
  };
  const rotated = createTokens(await importKeys([newer, privateJwk]));
  assert.equal((await rotated.verify(token)).kind, "genuine");
  assert.equal(decodeProtectedHeader((await rotated.sign(CLAIMS)).token).kid, "newer");
});

Deno.test("app_metadata goes when the cookie would have more than 4,096 bytes, and not before", async () => {
  const limit = 4096 - COOKIE_NAME_LENGTH;
  let longest = 0;
  for (let size = 2_550; size < 2_750; size += 1) {
    const appMetadata = { filling: "x".repeat(size) };
    const { token, droppedAppMetadata } = await hmacTokens.sign({ ...CLAIMS, appMetadata });
    const result = await hmacTokens.verify(token);
    assert.ok(result.kind === "genuine");
    assert.ok(token.length <= limit);
    assert.deepEqual(result.claims.appMetadata, droppedAppMetadata ? null : appMetadata);
    if (!droppedAppMetadata) longest = Math.max(longest, token.length);
  }
  assert.ok(limit - longest < 4, `the longest cookie leaves no room: ${limit - longest}`);
});

Deno.test("a user without e-mail has none in the token", async () => {
  const { token } = await tokens.sign({ ...CLAIMS, email: null });
  assert.equal("email" in decodeJwt(token), false);
});

Deno.test("a fault of the machine says nothing about the token", async () => {
  const { token } = await tokens.sign(CLAIMS);
  const signing = { ...keys.signing, publicKey: keys.signing.privateKey }; // cannot verify
  const broken = createTokens({ ...keys, signing, find: () => signing });
  await assert.rejects(broken.verify(token), TypeError);
});

Deno.test("an access token does not stand in for a refresh token", async () => {
  const { token } = await tokens.sign(CLAIMS);
  const store = (refreshToken: RawRefreshToken) => refreshToken.length;
  // @ts-expect-error a raw access token is no raw refresh token
  assert.equal(store(token), token.length);
});
