import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { decodeJwt, exportJWK, exportSPKI, generateKeyPair, SignJWT, UnsecuredJWT } from "jose";
import {
  CLAIMS,
  createTokens,
  hmacTokens,
  importKeys,
  ISSUER,
  keys,
  pair,
  privateJwk,
  tokens,
} from "./access_token_fixture.ts";
import { toCanonicalJws } from "../../../supabase/functions/_shared/tokens/jws_spelling.ts";
import { anyText } from "./arbitraries.ts";

/** A token with our own key in which one thing is different. */
async function signWith(
  { header = {}, payload = {} }: { header?: object; payload?: object },
): Promise<string> {
  const genuine = decodeJwt((await tokens.sign(CLAIMS)).token);
  const signed = await new SignJWT({ ...genuine, ...payload })
    .setProtectedHeader({ alg: "ES256", kid: "ec", typ: "at+jwt", ...header })
    .sign(pair.privateKey);
  return toCanonicalJws(signed, "ES256");
}

/** n − s: of each ES256 signature the other one that verifies. */
function negateS(token: string): string {
  const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
  const [header, payload, signature = ""] = token.split(".");
  const hex = Buffer.from(signature, "base64url").toString("hex");
  const s = (order - BigInt(`0x${hex.slice(64)}`)).toString(16).padStart(64, "0");
  return `${header}.${payload}.${Buffer.from(hex.slice(0, 64) + s, "hex").toString("base64url")}`;
}

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

async function reasonOf(raw: string): Promise<string> {
  const result = await tokens.verify(raw);
  return result.kind === "invalid" ? result.reason : result.kind;
}

Deno.test("a token with the right kid and another key is refused", async () => {
  const other = await generateKeyPair("ES256", { extractable: true });
  const thief = createTokens(
    await importKeys([{ ...await exportJWK(other.privateKey), kid: "ec" }]),
  );
  assert.equal(await reasonOf((await thief.sign(CLAIMS)).token), "signature");
});

Deno.test("a token without signature is refused, whatever algorithm it claims", async () => {
  const { token } = await tokens.sign(CLAIMS);
  const [header, payload] = token.split(".");
  assert.equal(await reasonOf(new UnsecuredJWT(decodeJwt(token)).encode()), "unknown_key");
  for (const alg of ["none", "None", "NONE", "nOnE", ""]) {
    const none = Buffer.from(JSON.stringify({ alg, kid: "ec", typ: "at+jwt" })).toString(
      "base64url",
    );
    assert.equal(await reasonOf(`${none}.${payload}.`), "algorithm", alg);
  }
  assert.equal(await reasonOf(`${header}.${payload}.`), "malformed");
  assert.equal(await reasonOf(`${header}.${payload}`), "malformed");
});

Deno.test("an HMAC made with the bytes of the public key is refused", async () => {
  const pem = await exportSPKI(pair.publicKey);
  const { d: _d, kid: _kid, ...publicJwk } = privateJwk;
  const published = keys.publicJwks.keys[0];
  const publicBytes = [pem, pem.trim(), JSON.stringify(publicJwk), JSON.stringify(published)];
  for (const secret of publicBytes) {
    for (const kid of ["ec", "hmac"]) {
      const forged = await new SignJWT(decodeJwt((await tokens.sign(CLAIMS)).token))
        .setProtectedHeader({ alg: "HS256", kid, typ: "at+jwt" })
        .sign(new TextEncoder().encode(secret));
      assert.equal(await reasonOf(forged), kid === "ec" ? "algorithm" : "signature");
    }
  }
});

Deno.test("an unknown or missing kid is refused, and a header's own key is not looked at", async () => {
  const other = await generateKeyPair("ES256", { extractable: true });
  const jwk = await exportJWK(other.publicKey);
  for (const header of [{ kid: "other" }, { kid: undefined }, { kid: undefined, jwk }]) {
    assert.equal(await reasonOf(await signWith({ header })), "unknown_key");
  }
  const embedded = await new SignJWT(decodeJwt((await tokens.sign(CLAIMS)).token))
    .setProtectedHeader({ alg: "ES256", kid: "ec", typ: "at+jwt", jwk })
    .sign(other.privateKey);
  assert.equal(await reasonOf(toCanonicalJws(embedded, "ES256")), "signature");
});

Deno.test("a token of another type, issuer or audience is refused", async () => {
  assert.equal(await reasonOf(await signWith({ header: { typ: "JWT" } })), "type");
  assert.equal(await reasonOf(await signWith({ header: { typ: undefined } })), "type");
  assert.equal(await reasonOf(await signWith({ payload: { iss: `${ISSUER}/` } })), "issuer");
  assert.equal(await reasonOf(await signWith({ payload: { iss: undefined } })), "issuer");
  assert.equal(await reasonOf(await signWith({ payload: { aud: "anon" } })), "audience");
  assert.equal(await reasonOf(await signWith({ payload: { aud: undefined } })), "audience");
});

Deno.test("a token of Supabase Auth, signed with the same key, is no token of ours", async () => {
  const payload = { iss: ISSUER, gen: undefined, branch: undefined };
  assert.equal(await reasonOf(await signWith({ header: { typ: "JWT" }, payload })), "type");
  assert.equal(await reasonOf(await signWith({ payload })), "claims");
});

Deno.test("a token in which any claim is missing or of another shape is refused", async () => {
  const wrong: Readonly<Record<string, readonly unknown[]>> = {
    role: [undefined, "service_role", "anon", 1],
    sub: [undefined, "", "ada", CLAIMS.userId.toUpperCase(), `${CLAIMS.userId} `, 1],
    session_id: [undefined, "", "x", CLAIMS.userId.replaceAll("-", ""), null],
    gen: [undefined, 0, -1, 1.5, "3", 2 ** 31],
    branch: [undefined, -1, 256, 0.5, "1"],
    aal: [undefined, 2],
    amr: [undefined, "password", {}],
    email: [null, 1],
    app_metadata: [null, "admin", []],
    iat: [undefined, "1", 0, 1.5],
    exp: [undefined, "1700003600", null, 0, -1, 1_700_003_600.5],
    nbf: [4_000_000_000, "x"],
  };
  for (const [claim, values] of Object.entries(wrong)) {
    for (const value of values) {
      const reason = await reasonOf(await signWith({ payload: { [claim]: value } }));
      assert.equal(reason, "claims", `${claim}: ${JSON.stringify(value)}`);
    }
  }
});

Deno.test("a critical extension that we do not know is refused", async () => {
  const { token } = await tokens.sign(CLAIMS);
  const header = { alg: "ES256", kid: "ec", typ: "at+jwt", crit: ["x"], x: 1 };
  const [, payload, signature] = token.split(".");
  const critical = Buffer.from(JSON.stringify(header)).toString("base64url");
  assert.equal(await reasonOf(`${critical}.${payload}.${signature}`), "malformed");
});

Deno.test("a changed token is refused", async () => {
  const { token } = await tokens.sign(CLAIMS);
  const changes = fc.tuple(fc.nat(token.length - 1), fc.constantFrom(..."AZaz09-_."));
  await fc.assert(
    fc.asyncProperty(changes, async ([at, character]) => {
      const changed = token.slice(0, at) + character + token.slice(at + 1);
      fc.pre(changed !== token);
      assert.equal((await tokens.verify(changed)).kind, "invalid");
    }),
    { numRuns: 300 },
  );
});

Deno.test("a token has one spelling, and another is refused before the key is used", async () => {
  let checks = 0;
  const counting = createTokens({
    ...keys,
    find(kid) {
      const key = keys.find(kid);
      return key && {
        ...key,
        get publicKey() {
          checks += 1;
          return key.publicKey;
        },
      };
    },
  });
  for (let at = 0; at < 20; at += 1) {
    const { token } = await (at % 2 === 0 ? tokens : hmacTokens).sign({ ...CLAIMS, branch: at });
    assert.equal((await counting.verify(token)).kind, "genuine");
    assert.equal(checks, at + 1);
    const [header = "", payload = "", signature = ""] = token.split(".");
    const last = ALPHABET.indexOf(signature.at(-1) ?? "");
    const others = [
      `${token}=`,
      `${token}==`,
      `${token} `,
      `${header}=.${payload}.${signature}`,
      `${header}.${payload}=.${signature}`,
      `${header}.${payload}.${signature.slice(0, -1)}\n${signature.slice(-1)}`,
      `${header}.${payload}.${signature.slice(0, -1)}${ALPHABET[last + 1]}`, // its spare bits
      `${header}.${payload}.${signature.replaceAll("-", "+").replaceAll("_", "/")}=`,
      `${header}.${payload}.${signature}.`,
      ...(at % 2 === 0 ? [negateS(token)] : []),
    ];
    for (const other of others) {
      assert.notEqual(other, token);
      assert.equal((await counting.verify(other)).kind, "invalid", other);
    }
    assert.equal(checks, at + 1);
  }
});

Deno.test("judging never throws, whatever is sent", async () => {
  const { token } = await tokens.sign(CLAIMS);
  const header = token.slice(0, token.indexOf("."));
  const segment = anyText(40).map((text) => Buffer.from(text).toString("base64url"));
  const hostile = fc.oneof(
    anyText(300),
    anyText(20).map((tail) => `${header}.${tail}`),
    fc.tuple(segment, segment).map(([payload, signature]) => `${header}.${payload}.${signature}`),
    fc.json().map((json) => `${Buffer.from(json).toString("base64url")}.e30.AAAA`),
    fc.constantFrom("", ".", "..", "...", "null", "bnVsbA.bnVsbA.bnVsbA", `${header}..`),
  );
  await fc.assert(fc.asyncProperty(hostile, async (raw) => {
    assert.equal((await tokens.verify(raw)).kind, "invalid");
  }));
});

Deno.test("a token of more than 8 KiB is refused before it is parsed", async () => {
  const { token } = await tokens.sign(CLAIMS);
  assert.equal(await reasonOf(token + "A".repeat(8_193 - token.length)), "too_long");
  assert.notEqual(await reasonOf(token + "A".repeat(8_192 - token.length)), "too_long");
});
