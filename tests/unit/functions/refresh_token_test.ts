import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHash, createHmac } from "node:crypto";
import fc from "fast-check";
import type {
  KeyThumbprint,
  Lineage,
  RawRefreshToken,
  RefreshTokenHash,
  SessionId,
} from "../../../supabase/functions/_shared/brands.ts";
import {
  encodeRefreshToken,
  firstRefreshToken,
  type GenuineRefreshToken,
  hashRefreshToken,
  ignoreKey,
  readRefreshToken,
} from "../../../supabase/functions/_shared/tokens/refresh_token.ts";
import { deriveSessionKeys } from "../../../supabase/functions/_shared/tokens/session_keys.ts";
import { anyText, bytes, keys, PROJECT_URL, sessionIds, tokenParts } from "./arbitraries.ts";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const SESSION_ID = "00112233-4455-6677-8899-aabbccddeeff" as SessionId;
const count = (from: number, length: number) => Uint8Array.from({ length }, (_, at) => from + at);
const FIRST = {
  sessionId: SESSION_ID,
  key: count(0x80, 16) as KeyThumbprint,
  lineage: count(0xf0, 8) as Lineage,
  secret: count(0, 32),
};
const TOKEN = firstRefreshToken(FIRST, keys.signing);

/** The same session's first token, as version 1 wrote it: without key and lineage. */
const VERSION_1 =
  "AQARIjNEVWZ3iJmqu8zd7v8AAAABAAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4fMWMOWiGuq0GI9-tyDWuN1Q";

/** Tags any bytes with our key, as only a thief of the key could. */
function forge(head: Uint8Array): string {
  const tag = createHmac("sha256", keys.signing.mac).update(head).digest().subarray(0, 16);
  return Buffer.concat([head, tag]).toString("base64url");
}

function headOf(raw: string): Buffer {
  return Buffer.from(raw, "base64url").subarray(0, -16);
}

Deno.test("the layout is frozen: another one would log everybody out", () => {
  // Computed apart from this code, with Python's hmac and struct.
  assert.equal(
    TOKEN.raw,
    "AgARIjNEVWZ3iJmqu8zd7v8AAAABAICBgoOEhYaHiImKi4yNjo_w8fLz9PX29wABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4fajBPV7khVr4X09JJmanKng",
  );
  assert.equal(
    Buffer.from(TOKEN.hash).toString("hex"),
    "aad5ff30df5cf24f8427e882465fd7f481f0ba9c211d115145ade8105a8d88a5",
  );
  assert.equal(
    firstRefreshToken({ ...FIRST, key: null }, keys.signing).raw,
    "AgARIjNEVWZ3iJmqu8zd7v8AAAABAAAAAAAAAAAAAAAAAAAAAADw8fLz9PX29wABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f6Xp33azABKQjZsGEWK27cA",
  );
});

Deno.test("a token of version 1 is read as one without key and lineage", () => {
  const token = readRefreshToken(VERSION_1, keys);
  assert.deepEqual({ ...token }, {
    sessionId: SESSION_ID,
    generation: 1,
    branch: 0,
    key: null,
    lineage: null,
    secret: FIRST.secret,
    raw: VERSION_1,
    hash: hashRefreshToken(VERSION_1 as RawRefreshToken),
    keyId: keys.signing.id,
  });
});

Deno.test("where sessions are not bound, a token is read without its key and is the same token", () => {
  const token = readRefreshToken(TOKEN.raw, keys);
  assert.ok(token);
  assert.deepEqual(ignoreKey(token), { ...token, key: null, hash: TOKEN.hash });
});

Deno.test("a token is read back as it was written", () => {
  fc.assert(fc.property(tokenParts, (parts) => {
    const raw = encodeRefreshToken(parts, keys.signing);
    const token = readRefreshToken(raw, keys);
    assert.deepEqual({ ...token }, {
      ...parts,
      raw,
      hash: hashRefreshToken(raw),
      keyId: keys.signing.id,
    });
  }));
});

Deno.test("every token has 126 characters that a cookie may hold as they are", () => {
  fc.assert(fc.property(tokenParts, (parts) => {
    assert.match(encodeRefreshToken(parts, keys.signing), /^[A-Za-z0-9_-]{126}$/);
  }));
});

Deno.test("the first token is of generation 1, branch 0", () => {
  fc.assert(fc.property(sessionIds, bytes(32), (sessionId, secret) => {
    const issued = firstRefreshToken({ ...FIRST, sessionId, secret }, keys.signing);
    const token = readRefreshToken(issued.raw, keys);
    assert.deepEqual(
      [token?.sessionId, token?.generation, token?.branch, token?.secret, token?.hash],
      [sessionId, 1, 0, secret, issued.hash],
    );
    assert.deepEqual([issued.generation, issued.branch], [1, 0]);
  }));
});

Deno.test("the hash is SHA-256 of the whole token", () => {
  const expected = createHash("sha256").update(TOKEN.raw).digest("hex");
  assert.equal(Buffer.from(hashRefreshToken(TOKEN.raw)).toString("hex"), expected);
  assert.equal(hashRefreshToken(TOKEN.raw).length, 32);
});

Deno.test("no token with one other character is genuine", () => {
  for (let at = 0; at < TOKEN.raw.length; at += 1) {
    for (const character of ALPHABET) {
      if (character === TOKEN.raw[at]) continue;
      const mutated = TOKEN.raw.slice(0, at) + character + TOKEN.raw.slice(at + 1);
      assert.equal(readRefreshToken(mutated, keys), null, `${character} at ${at}`);
    }
  }
});

Deno.test("no token with other bytes, whichever and however many, is genuine", () => {
  const changes = fc.array(
    fc.tuple(fc.integer({ min: 0, max: 93 }), fc.integer({ min: 1, max: 255 })),
    { minLength: 1, maxLength: 8 },
  );
  fc.assert(
    fc.property(changes, (xors) => {
      const original = Buffer.from(TOKEN.raw, "base64url");
      const mutated = Buffer.from(original);
      for (const [at, xor] of xors) mutated[at] = (mutated[at] ?? 0) ^ xor;
      fc.pre(!mutated.equals(original)); // two changes of one byte may undo each other
      assert.equal(readRefreshToken(mutated.toString("base64url"), keys), null);
    }),
    { numRuns: 10_000 },
  );
});

Deno.test("a token has one spelling", () => {
  const spellings = [
    `${TOKEN.raw}=`,
    `${TOKEN.raw}==`,
    ` ${TOKEN.raw}`,
    `${TOKEN.raw}\n`,
    `"${TOKEN.raw}"`,
    `${TOKEN.raw}A`,
    TOKEN.raw.slice(0, -1),
    TOKEN.raw.replaceAll("-", "+").replaceAll("_", "/"),
    encodeURIComponent(`${TOKEN.raw} `),
    TOKEN.raw.toLowerCase(),
  ];
  assert.ok(TOKEN.raw.includes("_"), "the token shows the two alphabets apart");
  for (const spelling of spellings) assert.equal(readRefreshToken(spelling, keys), null, spelling);
  // g, h … v differ in four bits that no byte holds: lenient decoders read them all alike.
  const sameBytes = [..."hijklmnopqrstuv"].map((last) => TOKEN.raw.slice(0, -1) + last);
  assert.equal(TOKEN.raw.at(-1), "g");
  for (const spelling of sameBytes) {
    assert.deepEqual(Buffer.from(spelling, "base64url"), Buffer.from(TOKEN.raw, "base64url"));
    assert.equal(readRefreshToken(spelling, keys), null, spelling);
  }
});

Deno.test("reading never throws, whatever is sent", () => {
  const hostile = fc.oneof(
    anyText(200),
    fc.string({ unit: fc.constantFrom(...ALPHABET), minLength: 94, maxLength: 94 }),
    fc.string({ unit: fc.constantFrom(...ALPHABET), minLength: 126, maxLength: 126 }),
    fc.constantFrom("", "A".repeat(100_000), "\0".repeat(126), "é".repeat(126), "__proto__"),
  );
  fc.assert(fc.property(hostile, (value) => {
    assert.equal(readRefreshToken(value, keys), null);
  }));
});

Deno.test("another version, generation 0 and one beyond PostgreSQL's integer are refused with a good tag", () => {
  for (
    const [raw, otherVersions] of [[TOKEN.raw, [0, 1, 3, 255]], [VERSION_1, [0, 2, 255]]] as const
  ) {
    const head = headOf(raw);
    assert.notEqual(readRefreshToken(forge(head), keys), null);
    for (const version of otherVersions) {
      const other = Buffer.from(head);
      other.writeUInt8(version, 0);
      assert.equal(readRefreshToken(forge(other), keys), null, `version ${version}`);
    }
    for (const generation of [0, 2 ** 31, 2 ** 32 - 1]) {
      const other = Buffer.from(head);
      other.writeUInt32BE(generation, 17);
      assert.equal(readRefreshToken(forge(other), keys), null, `generation ${generation}`);
    }
  }
});

Deno.test("a token of one project is refused in another, and in its staging twin", () => {
  const secret = "0123456789abcdef0123456789abcdef";
  for (const url of ["https://xyz.supabase.co", "https://abc-staging.supabase.co"]) {
    assert.equal(readRefreshToken(TOKEN.raw, deriveSessionKeys([secret], url)), null);
  }
  const staging = deriveSessionKeys(["a secret of the staging environment"], PROJECT_URL);
  assert.equal(readRefreshToken(TOKEN.raw, staging), null);
});

Deno.test("a token of an older secret stays genuine, until that secret is taken away", () => {
  const [oldSecret, newSecret] = [
    "0123456789abcdef0123456789abcdef",
    "a newer secret of some length",
  ];
  const both = deriveSessionKeys([newSecret, oldSecret], PROJECT_URL);
  assert.equal(readRefreshToken(TOKEN.raw, both)?.keyId, keys.signing.id);
  assert.equal(readRefreshToken(TOKEN.raw, deriveSessionKeys([newSecret], PROJECT_URL)), null);
});

Deno.test("parts out of bounds are misuse", () => {
  const parts = { ...FIRST, generation: 1, branch: 0 };
  const encode = (change: object) => () =>
    encodeRefreshToken({ ...parts, ...change }, keys.signing);
  for (const generation of [0, -1, 1.5, NaN, 2 ** 31]) {
    assert.throws(encode({ generation }), RangeError);
  }
  for (const branch of [-1, 256, 0.5]) assert.throws(encode({ branch }), RangeError);
  for (const length of [0, 31, 33]) {
    assert.throws(encode({ secret: new Uint8Array(length) }), RangeError);
  }
  for (const length of [0, 15, 17]) {
    assert.throws(encode({ key: new Uint8Array(length) }), RangeError);
  }
  for (const length of [0, 7, 9]) {
    assert.throws(encode({ lineage: new Uint8Array(length) }), RangeError);
  }
  for (const sessionId of ["", "x", SESSION_ID.toUpperCase(), SESSION_ID.replaceAll("-", "")]) {
    assert.throws(encode({ sessionId }), TypeError);
  }
});

Deno.test("raw tokens, hashes and genuine tokens do not stand in for each other", () => {
  const storeHash = (hash: RefreshTokenHash) => hash.length;
  const trust = (token: GenuineRefreshToken) => token.generation;
  const raw: RawRefreshToken = TOKEN.raw;
  assert.equal(storeHash(TOKEN.hash), 32);
  // @ts-expect-error a raw token is no hash
  assert.equal(storeHash(raw), 126);
  // @ts-expect-error bytes that nobody hashed are no hash
  assert.equal(storeHash(new Uint8Array(32)), 32);
  // @ts-expect-error a plain string is no raw token
  assert.equal(hashRefreshToken("anything").length, 32);
  // @ts-expect-error only readRefreshToken says that a token is genuine
  assert.equal(trust({ ...FIRST, ...TOKEN, keyId: keys.signing.id }), 1);
});
