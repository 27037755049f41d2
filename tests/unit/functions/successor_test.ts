import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import type {
  KeyThumbprint,
  Lineage,
  SessionId,
} from "../../../supabase/functions/_shared/brands.ts";
import {
  encodeRefreshToken,
  firstRefreshToken,
  type GenuineRefreshToken,
  readRefreshToken,
  type RefreshTokenParts,
} from "../../../supabase/functions/_shared/tokens/refresh_token.ts";
import { deriveSessionKeys } from "../../../supabase/functions/_shared/tokens/session_keys.ts";
import { deriveSuccessor } from "../../../supabase/functions/_shared/tokens/successor.ts";
import { branches, bytes, keys, PROJECT_URL, thumbprints, tokenParts } from "./arbitraries.ts";

function genuine(parts: RefreshTokenParts): GenuineRefreshToken {
  const token = readRefreshToken(encodeRefreshToken(parts, keys.signing), keys);
  assert.ok(token);
  return token;
}

const count = (from: number, length: number) => Uint8Array.from({ length }, (_, at) => from + at);
const SESSION_ID = "00112233-4455-6677-8899-aabbccddeeff" as SessionId;
const SALT = count(100, 16);

const predecessors = tokenParts
  .filter((parts) => parts.generation < 2 ** 31 - 1)
  .map(genuine);

/** The successor of the next generation. */
const origins = fc.record({
  predecessor: predecessors,
  branch: branches,
  key: fc.option(thumbprints),
  lineage: fc.constant(null),
  salt: bytes(16),
}).map((origin) => ({ ...origin, generation: origin.predecessor.generation + 1 }));

const flip = (data: Uint8Array) => data.map((byte, at) => at === 0 ? byte ^ 1 : byte);

Deno.test("the derivation is frozen: two versions of the code must derive the same successor", () => {
  const first = firstRefreshToken({
    sessionId: SESSION_ID,
    key: count(0x80, 16) as KeyThumbprint,
    lineage: count(0xf0, 8) as Lineage,
    secret: count(0, 32),
  }, keys.signing);
  const predecessor = readRefreshToken(first.raw, keys);
  assert.ok(predecessor);
  const key = count(0x40, 16) as KeyThumbprint;
  // Computed apart from this code, with Python's hmac and struct.
  const successor = deriveSuccessor(
    { predecessor, generation: 2, branch: 3, key, lineage: null, salt: SALT },
    keys.signing,
  );
  assert.equal(
    successor.raw,
    "AgARIjNEVWZ3iJmqu8zd7v8AAAACA0BBQkNERUZHSElKS0xNTk_w8fLz9PX296E7ud5r0l4PZQTjbpQWEXZIepoD6yUZVbNR5LwD3ifnqM0HzwAlE3mxZ_Kvir_ByQ",
  );
  assert.equal(
    Buffer.from(successor.hash).toString("hex"),
    "65ed7010dd0b7111a0dfc3b2b75a755afb94131070ff60fe92c39bd465b6fc0c",
  );
});

Deno.test("a token of version 1 gets a lineage from its secret, the same for two tabs", () => {
  const predecessor = readRefreshToken(
    "AQARIjNEVWZ3iJmqu8zd7v8AAAABAAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4fMWMOWiGuq0GI9-tyDWuN1Q",
    keys,
  );
  assert.ok(predecessor);
  const origin = { predecessor, generation: 2, branch: 0, key: null, salt: SALT };
  const successor = deriveSuccessor({ ...origin, lineage: null }, keys.signing);
  // Computed apart from this code, with Python's hmac and struct.
  assert.equal(
    successor.raw,
    "AgARIjNEVWZ3iJmqu8zd7v8AAAACAAAAAAAAAAAAAAAAAAAAAABGJxeFLld2lOpK-My_F2QLigSvXZ15NvcgXLof-zduZpTpR3W8AWfvWMP_R3hC-cqGzTnG33FITg",
  );
  // Two tokens from before the deploy may lie beside each other: the session's lineage wins.
  const lineage = count(1, 8) as Lineage;
  assert.deepEqual(deriveSuccessor({ ...origin, lineage }, keys.signing).lineage, lineage);
});

Deno.test("two tabs, or a retry, derive the same successor", () => {
  fc.assert(fc.property(origins, (origin) => {
    const again = readRefreshToken(origin.predecessor.raw, keys);
    assert.ok(again);
    assert.deepEqual(
      deriveSuccessor(origin, keys.signing),
      deriveSuccessor({ ...origin, predecessor: again, salt: origin.salt.slice() }, keys.signing),
    );
  }));
});

Deno.test("a successor is a genuine token of the same session, at the place and for the key that were wanted", () => {
  fc.assert(fc.property(origins, fc.integer({ min: 0, max: 1000 }), (origin, ahead) => {
    const generation = Math.min(origin.generation + ahead, 2 ** 31 - 1);
    const successor = deriveSuccessor({ ...origin, generation }, keys.signing);
    const token = readRefreshToken(successor.raw, keys);
    assert.deepEqual(
      [token?.sessionId, token?.generation, token?.branch, token?.key, token?.hash],
      [origin.predecessor.sessionId, generation, origin.branch, origin.key, successor.hash],
    );
    assert.deepEqual(
      [successor.generation, successor.branch, successor.lineage],
      [generation, origin.branch, origin.predecessor.lineage],
    );
    assert.deepEqual(token?.lineage, origin.predecessor.lineage);
  }));
});

Deno.test("each part of the origin, the browser's key and the lineage included, makes another secret", () => {
  const otherKeys = deriveSessionKeys(["another secret of sufficient length"], PROJECT_URL);
  fc.assert(fc.property(origins, thumbprints, (origin, key) => {
    const { predecessor } = origin;
    const { lineage } = predecessor;
    fc.pre(origin.generation < 2 ** 31 - 1 && lineage !== null);
    const parts = { ...predecessor, lineage };
    const changed = [
      origin,
      { ...origin, branch: (origin.branch + 1) % 256 },
      { ...origin, generation: origin.generation + 1 },
      { ...origin, salt: flip(origin.salt) },
      { ...origin, key: origin.key === null ? key : null },
      { ...origin, key: flip(origin.key ?? key) as KeyThumbprint },
      { ...origin, lineage: flip(lineage) as Lineage },
      { ...origin, predecessor: genuine({ ...parts, secret: flip(parts.secret) }) },
    ];
    const secrets = [
      ...changed.map((each) => deriveSuccessor(each, keys.signing)),
      deriveSuccessor(origin, otherKeys.signing),
    ].map(({ raw }) => Buffer.from(raw, "base64url").toString("hex", 46, 78));
    assert.equal(new Set(secrets).size, secrets.length);
  }));
});

Deno.test("a replay derives with the session key that the row names, even after a newer one signs", () => {
  fc.assert(fc.property(origins, (origin) => {
    const before = deriveSuccessor(origin, keys.signing);
    const rotated = deriveSessionKeys(
      ["another secret of sufficient length", "0123456789abcdef0123456789abcdef"],
      PROJECT_URL,
    );
    const named = rotated.find(keys.signing.id);
    assert.ok(named);
    const predecessor = readRefreshToken(origin.predecessor.raw, rotated);
    assert.ok(predecessor);
    assert.deepEqual(deriveSuccessor({ ...origin, predecessor }, named), before);
    assert.notDeepEqual(deriveSuccessor({ ...origin, predecessor }, rotated.signing), before);
  }));
});

Deno.test("a salt of another length, or a place out of bounds, is misuse", () => {
  const [origin] = fc.sample(origins, 1);
  assert.ok(origin);
  const derive = (change: object) => () => deriveSuccessor({ ...origin, ...change }, keys.signing);
  for (const length of [0, 15, 17, 32]) {
    assert.throws(derive({ salt: new Uint8Array(length) }), RangeError);
  }
  for (const branch of [-1, 256, 0.5]) assert.throws(derive({ branch }), RangeError);
  for (const generation of [0, 2 ** 31, 1.5]) assert.throws(derive({ generation }), RangeError);
});
