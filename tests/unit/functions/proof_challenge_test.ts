import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import type { SessionId } from "../../../supabase/functions/_shared/brands.ts";
import {
  createChallenge,
  readChallenge,
} from "../../../supabase/functions/_shared/tokens/proof_challenge.ts";
import { deriveSessionKeys } from "../../../supabase/functions/_shared/tokens/session_keys.ts";
import { anyText, branches, generations, keys, PROJECT_URL, sessionIds } from "./arbitraries.ts";

const PLACE = {
  sessionId: "00112233-4455-6677-8899-aabbccddeeff" as SessionId,
  generation: 2,
  branch: 3,
  challengedAt: new Date(1_800_000_000_000),
};
const CHALLENGE = createChallenge(PLACE, keys.signing);

Deno.test("the layout is frozen: browsers hold challenges over a deploy", () => {
  // Computed apart from this code, with Python's hmac and struct.
  assert.equal(CHALLENGE, "AQARIjNEVWZ3iJmqu8zd7v8AAAACA2tJ0gBWWL6WZXdO85NnMIo1cI2S");
});

Deno.test("a challenge is read back as it was made, to the second", () => {
  const times = fc.date({ min: new Date(0), max: new Date("2105-01-01"), noInvalidDate: true });
  const places = fc.record({
    sessionId: sessionIds,
    generation: generations,
    branch: branches,
    challengedAt: times,
  });
  fc.assert(fc.property(places, (place) => {
    const challenge = createChallenge(place, keys.signing);
    assert.match(challenge, /^[A-Za-z0-9_-]{56}$/);
    const challengedAt = new Date(Math.floor(place.challengedAt.getTime() / 1000) * 1000);
    assert.deepEqual(readChallenge(challenge, keys), { ...place, challengedAt });
  }));
});

Deno.test("no challenge with other bytes is one of ours", () => {
  for (let at = 0; at < 42; at += 1) {
    const bytes = Buffer.from(CHALLENGE, "base64url");
    bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
    assert.equal(readChallenge(bytes.toString("base64url"), keys), null, `byte ${at}`);
  }
});

Deno.test("reading never throws, whatever is sent", () => {
  fc.assert(fc.property(anyText(100), (value) => {
    assert.equal(readChallenge(value, keys), null);
  }));
  for (
    const value of [`${CHALLENGE}=`, ` ${CHALLENGE}`, CHALLENGE.slice(1), CHALLENGE + CHALLENGE]
  ) {
    assert.equal(readChallenge(value, keys), null);
  }
});

Deno.test("a challenge of an older secret is good, one of another project is not", () => {
  const [old, newer] = ["0123456789abcdef0123456789abcdef", "a newer secret of some length"];
  const both = deriveSessionKeys([newer, old], PROJECT_URL);
  assert.deepEqual(readChallenge(CHALLENGE, both), PLACE);
  assert.equal(readChallenge(CHALLENGE, deriveSessionKeys([newer], PROJECT_URL)), null);
  assert.equal(readChallenge(CHALLENGE, deriveSessionKeys([old], "https://x.supabase.co")), null);
});
