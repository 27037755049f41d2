import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import type { SessionId } from "../../supabase/functions/_shared/brands.ts";
import {
  encodeRefreshToken,
  firstRefreshToken,
  type GenuineRefreshToken,
  readRefreshToken,
  type RefreshTokenParts,
} from "../../supabase/functions/_shared/refresh_token.ts";
import { deriveSessionKeys } from "../../supabase/functions/_shared/session_keys.ts";
import { deriveSuccessor, proposeSuccessors } from "../../supabase/functions/_shared/successor.ts";
import { branches, bytes, keys, PROJECT_URL, tokenParts } from "./arbitraries.ts";

function genuine(parts: RefreshTokenParts): GenuineRefreshToken {
  const token = readRefreshToken(encodeRefreshToken(parts, keys.signing), keys);
  assert.ok(token);
  return token;
}

const predecessors = tokenParts
  .filter((parts) => parts.generation < 2 ** 31 - 1)
  .map(genuine);
const salts = bytes(16);

Deno.test("the derivation is frozen: two versions of the code must derive the same successor", () => {
  const first = firstRefreshToken({
    sessionId: "00112233-4455-6677-8899-aabbccddeeff" as SessionId,
    secret: Uint8Array.from({ length: 32 }, (_, at) => at),
  }, keys.signing);
  const predecessor = readRefreshToken(first.raw, keys);
  assert.ok(predecessor);
  const salt = Uint8Array.from({ length: 16 }, (_, at) => 100 + at);
  // Computed apart from this code, with Python's hmac and struct.
  const successor = deriveSuccessor({ predecessor, branch: 3, salt }, keys.signing);
  assert.equal(
    successor.raw,
    "AQARIjNEVWZ3iJmqu8zd7v8AAAACAzzLMTChAl80nm4mqco7tUiyARzHTRfS8hYN-a_0MyjcY9TMSGI8qP5-sWm-e_DATA",
  );
  assert.equal(
    Buffer.from(successor.hash).toString("hex"),
    "3249caa97b869a0741a159f394174e34f5338fd0cef25b6781c81c45609ea50a",
  );
});

Deno.test("two tabs, or a retry, derive the same successor", () => {
  fc.assert(fc.property(predecessors, branches, salts, (predecessor, branch, salt) => {
    const again = readRefreshToken(predecessor.raw, keys);
    assert.ok(again);
    assert.deepEqual(
      deriveSuccessor({ predecessor, branch, salt }, keys.signing),
      deriveSuccessor({ predecessor: again, branch, salt: salt.slice() }, keys.signing),
    );
  }));
});

Deno.test("a successor is a genuine token of the same session, one generation on", () => {
  fc.assert(fc.property(predecessors, branches, salts, (predecessor, branch, salt) => {
    const successor = deriveSuccessor({ predecessor, branch, salt }, keys.signing);
    const token = readRefreshToken(successor.raw, keys);
    assert.deepEqual(
      [token?.sessionId, token?.generation, token?.branch, token?.hash],
      [predecessor.sessionId, predecessor.generation + 1, branch, successor.hash],
    );
    assert.deepEqual(
      [successor.generation, successor.branch],
      [predecessor.generation + 1, branch],
    );
  }));
});

Deno.test("without the salt, the key, the predecessor or the branch there is another successor", () => {
  const otherKeys = deriveSessionKeys(["another secret of sufficient length"], PROJECT_URL);
  const flip = (data: Uint8Array) => data.map((byte, at) => at === 0 ? byte ^ 1 : byte);
  fc.assert(fc.property(tokenParts, salts, ({ generation, ...parts }, salt) => {
    fc.pre(generation < 2 ** 31 - 2);
    const predecessor = genuine({ ...parts, generation });
    const sameWithout: readonly GenuineRefreshToken[] = [
      genuine({ ...parts, generation, secret: flip(parts.secret) }),
      genuine({ ...parts, generation: generation + 1 }),
    ];
    const secrets = [
      deriveSuccessor({ predecessor, branch: 0, salt }, keys.signing),
      deriveSuccessor({ predecessor, branch: 1, salt }, keys.signing),
      deriveSuccessor({ predecessor, branch: 0, salt: flip(salt) }, keys.signing),
      deriveSuccessor({ predecessor, branch: 0, salt }, otherKeys.signing),
      ...sameWithout.map((other) =>
        deriveSuccessor({ predecessor: other, branch: 0, salt }, keys.signing)
      ),
    ].map(({ raw }) => Buffer.from(raw, "base64url").toString("hex", 22, 54));
    assert.equal(new Set(secrets).size, secrets.length);
  }));
});

Deno.test("a replay derives with the key that the row names, even after a newer one signs", () => {
  fc.assert(fc.property(predecessors, salts, (predecessor, salt) => {
    const before = deriveSuccessor({ predecessor, branch: 0, salt }, keys.signing);
    const rotated = deriveSessionKeys(
      ["another secret of sufficient length", "0123456789abcdef0123456789abcdef"],
      PROJECT_URL,
    );
    const named = rotated.find(keys.signing.id);
    assert.ok(named);
    const token = readRefreshToken(predecessor.raw, rotated);
    assert.ok(token);
    assert.deepEqual(deriveSuccessor({ predecessor: token, branch: 0, salt }, named), before);
    assert.notDeepEqual(
      deriveSuccessor({ predecessor: token, branch: 0, salt }, rotated.signing),
      before,
    );
  }));
});

Deno.test("proposals are the successors of branches 0, 1, 2 …", () => {
  fc.assert(
    fc.property(
      predecessors,
      salts,
      fc.integer({ min: 1, max: 8 }),
      (predecessor, salt, count) => {
        const proposals = proposeSuccessors({ predecessor, salt, branches: count }, keys.signing);
        assert.equal(proposals.length, count);
        for (const [branch, proposal] of proposals.entries()) {
          assert.deepEqual(proposal, deriveSuccessor({ predecessor, branch, salt }, keys.signing));
        }
      },
    ),
  );
});

Deno.test("a salt of another length, or branches out of bounds, are misuse", () => {
  const [predecessor] = fc.sample(predecessors, 1);
  assert.ok(predecessor);
  const salt = new Uint8Array(16);
  for (const length of [0, 15, 17, 32]) {
    assert.throws(
      () => deriveSuccessor({ predecessor, branch: 0, salt: new Uint8Array(length) }, keys.signing),
      RangeError,
    );
  }
  for (const branch of [-1, 256, 0.5]) {
    assert.throws(() => deriveSuccessor({ predecessor, branch, salt }, keys.signing), RangeError);
  }
  for (const count of [0, -1, 257, 1.5]) {
    assert.throws(
      () => proposeSuccessors({ predecessor, salt, branches: count }, keys.signing),
      RangeError,
    );
  }
});
