import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { deriveSessionKeys } from "../../../supabase/functions/_shared/tokens/session_keys.ts";

const SECRET = "0123456789abcdef0123456789abcdef";
const OTHER_SECRET = "fedcba9876543210fedcba9876543210";
const URL = "https://abc.supabase.co";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

Deno.test("session keys are frozen: another derivation would log everybody out", () => {
  // Computed apart from this code, with Python's hmac by RFC 5869.
  const { signing } = deriveSessionKeys([SECRET], URL);
  assert.equal(signing.id, "52df475d");
  assert.equal(
    hex(signing.mac),
    "8c5780a443da3e74029c9f500b5c0b0128f70c65bb9dead77cf3e50315ed632d",
  );
  assert.equal(
    hex(signing.derivation),
    "38f555e8171d2d90c136b2f42d2bc2ee4dcac5ff9aafdb87b2e10280fd119a24",
  );
  assert.equal(
    hex(signing.proofChallenge),
    "dc65283e5c03edd27fba180546de1c7e1d5c7ba2c397220d8bb19b4cf61327d4",
  );
  assert.equal(
    hex(signing.throttle),
    "7fd8864ccc75c9f7853b8ad3c9a12736ab94c99bb870bc8de533130dbdb2be39",
  );
});

Deno.test("no key of a project, or of its staging twin with the same secret, equals another", () => {
  const urls = [URL, "https://abc-staging.supabase.co", "http://abc.supabase.co", `${URL}/x`];
  const derived = urls.flatMap((url) => deriveSessionKeys([SECRET, OTHER_SECRET], url).all);
  const material = derived.flatMap((key) =>
    [key.mac, key.derivation, key.proofChallenge, key.throttle].map(hex)
  );
  assert.equal(new Set(material).size, urls.length * 2 * 4);
  assert.equal(new Set(derived.map((key) => key.id)).size, urls.length * 2);
});

Deno.test("spellings of one project's URL give the same keys", () => {
  for (const url of [`${URL}/`, "HTTPS://ABC.supabase.co", `${URL}:443//`]) {
    assert.deepEqual(
      deriveSessionKeys([SECRET], url).signing,
      deriveSessionKeys([SECRET], URL).signing,
    );
  }
});

Deno.test("the first secret signs, and each is found by its id", () => {
  const keys = deriveSessionKeys([SECRET, OTHER_SECRET], URL);
  assert.equal(keys.signing, keys.all[0]);
  assert.equal(keys.all.length, 2);
  for (const key of keys.all) assert.equal(keys.find(key.id), key);
  assert.equal(keys.find("00000000"), undefined);
});

Deno.test("a new secret in front changes none of the old one's keys", () => {
  const before = deriveSessionKeys([SECRET], URL);
  const after = deriveSessionKeys([OTHER_SECRET, SECRET], URL);
  assert.notEqual(after.signing.id, before.signing.id);
  assert.deepEqual(after.find(before.signing.id), before.signing);
});

Deno.test("no secret, or the same one twice, is misuse", () => {
  assert.throws(() => deriveSessionKeys([], URL), RangeError);
  assert.throws(() => deriveSessionKeys([SECRET, SECRET], URL), RangeError);
});
