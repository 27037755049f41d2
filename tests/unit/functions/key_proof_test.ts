import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import type { SessionId } from "../../../supabase/functions/_shared/brands.ts";
import { verifyKeyProof } from "../../../supabase/functions/_shared/tokens/key_proof.ts";
import { createChallenge } from "../../../supabase/functions/_shared/tokens/proof_challenge.ts";
import { createProofKey, type ProofContent } from "../../behaviour/http/proof_key.ts";
import { anyText, keys } from "./arbitraries.ts";

const PLACE = {
  sessionId: "00112233-4455-6677-8899-aabbccddeeff" as SessionId,
  generation: 2,
  branch: 3,
  challengedAt: new Date(1_800_000_000_000),
};
const challenge = createChallenge(PLACE, keys.signing);
const key = await createProofKey();

const verify = (proof: string) => verifyKeyProof(proof, { route: "refresh", keys });
const prove = (change: Partial<ProofContent> = {}) =>
  key.prove({ route: "refresh", challenge, ...change });

Deno.test("a proof names its key and the challenge that it signed", async () => {
  const proof = await verify(await prove());
  assert.ok(proof);
  assert.equal(Buffer.from(proof.thumbprint).toString("hex"), key.thumbprint);
  assert.deepEqual(proof.challenge, PLACE);
});

Deno.test("a login takes a proof without a challenge, and no other route does", async () => {
  const atLogin = await verifyKeyProof(await prove({ route: "login", challenge: null }), {
    route: "login",
    keys,
  });
  assert.equal(Buffer.from(atLogin?.thumbprint ?? []).toString("hex"), key.thumbprint);
  assert.equal(atLogin?.challenge, null);
  assert.equal(await verify(await prove({ challenge: null })), null);
});

Deno.test("only the last segment of htu counts, and iat not at all", async () => {
  for (
    const htu of [
      "http://localhost:54321/functions/v1/unified-auth/refresh",
      "https://app.example.com/api/refresh/",
      "https://app.example.com/refresh?region=eu#top",
    ]
  ) {
    assert.ok(await verify(await prove({ claims: { htu } })), htu);
  }
  for (const iat of [0, 4_000_000_000, undefined]) {
    assert.ok(await verify(await prove({ claims: { iat, exp: 1 } })), String(iat));
  }
});

Deno.test("a proof for another route, method or purpose is none", async () => {
  for (
    const change of [
      { route: "validate" },
      { route: "login" },
      { claims: { htu: "refresh" } },
      { claims: { htu: 1 } },
      { claims: { htu: undefined } },
      { claims: { htm: "GET" } },
      { claims: { htm: undefined } },
      { header: { typ: "JWT" } },
      { header: { typ: undefined } },
      { header: { alg: "ES384" } },
      { header: { alg: "none" } },
      { header: { alg: "HS256" } },
      { header: { crit: ["b64"], b64: false } },
      { challenge: "" },
      { challenge: "x".repeat(56) },
      { challenge: challenge.slice(0, -1) + (challenge.endsWith("A") ? "B" : "A") },
      { claims: { nonce: [challenge] } },
    ] as const satisfies readonly Partial<ProofContent>[]
  ) {
    assert.equal(await verify(await prove(change)), null, JSON.stringify(change));
  }
});

Deno.test("a key that is no public P-256 key in its one spelling is none", async () => {
  const { publicJwk } = key;
  const other = await createProofKey();
  const lastOfX = publicJwk.x?.at(-1) ?? "";
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const respelled = alphabet[alphabet.indexOf(lastOfX) + 1];
  for (
    const jwk of [
      undefined,
      null,
      "x",
      {},
      { ...publicJwk, d: publicJwk.x },
      { ...publicJwk, kid: "x" },
      { ...publicJwk, kty: "RSA" },
      { ...publicJwk, crv: "P-384" },
      { ...publicJwk, x: `${publicJwk.x}=` },
      { ...publicJwk, x: publicJwk.x?.slice(0, -1) + String(respelled) },
      { ...publicJwk, x: publicJwk.y, y: publicJwk.x }, // no point of the curve
      { kty: "oct", k: "AAAA" },
      other.publicJwk,
    ]
  ) {
    assert.equal(await verify(await prove({ header: { jwk } })), null, JSON.stringify(jwk));
  }
});

Deno.test("no part of a proof may be changed after it was signed", async () => {
  const [header = "", claims = "", signature = ""] = (await prove()).split(".");
  const otherClaims = Buffer.from(claims, "base64url").toString().replace(/"jti":"./, '"jti":"_');
  const changed = Buffer.from(otherClaims).toString("base64url");
  const [, , otherSignature = ""] = (await prove()).split(".");
  const proofs = [
    `${header}.${changed}.${signature}`,
    `${header}.${claims}.${otherSignature}`,
    `${header}.${claims}.`,
    `${header}.${claims}`,
    `${header}.${claims}.${signature}.x`,
    `${header}.${claims}.${"A".repeat(86)}`,
    `${header}.${claims}.${signature}, ${header}.${claims}.${signature}`,
  ];
  for (const proof of proofs) assert.equal(await verify(proof), null, proof);
});

Deno.test("reading never throws, whatever is sent", async () => {
  await fc.assert(fc.asyncProperty(anyText(300), async (text) => {
    assert.equal(await verify(text), null);
    const encoded = Buffer.from(text).toString("base64url");
    assert.equal(await verify(`${encoded}.${encoded}.${encoded}`), null);
  }));
  assert.equal(await verify(await prove({ claims: { padding: "x".repeat(3000) } })), null);
});

Deno.test("a signature is checked only over a challenge of ours", async () => {
  const { verify: original } = crypto.subtle;
  let checks = 0;
  crypto.subtle.verify = (...given: Parameters<typeof original>) => {
    checks += 1;
    return original.apply(crypto.subtle, given);
  };
  try {
    for (const forged of ["x".repeat(56), "", null]) {
      assert.equal(await verify(await prove({ challenge: forged })), null);
    }
    assert.equal(checks, 0, "nobody may make us check signatures");
    assert.ok(await verify(await prove()));
    assert.equal(checks, 1);
  } finally {
    crypto.subtle.verify = original;
  }
});
