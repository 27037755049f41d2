import assert from "node:assert/strict";
import { createHash, createHmac } from "node:crypto";
import fc from "fast-check";
import {
  equalsInConstantTime,
  hmacSha256,
  sha256Of,
} from "../../../supabase/functions/_shared/tokens/hmac.ts";

const bytes = fc.uint8Array({ maxLength: 200 });

Deno.test("a tag is HMAC-SHA256 of the parts one after the other, however often the key is used", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), fc.array(bytes), (key, parts) => {
    const expected = createHmac("sha256", key).update(
      new Uint8Array(parts.flatMap((part) => [...part])),
    )
      .digest();
    const tag = hmacSha256(key, ...parts);
    hmacSha256(new Uint8Array([...key, 1]), ...parts); // of another key, in between
    assert.deepEqual(tag, new Uint8Array(expected));
    assert.deepEqual(hmacSha256(key, ...parts), tag);
  }));
});

Deno.test("a text is hashed as its UTF-8", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    const whole = text.toWellFormed();
    assert.deepEqual(
      sha256Of(whole),
      new Uint8Array(createHash("sha256").update(whole).digest()),
    );
    assert.deepEqual(
      hmacSha256(new Uint8Array(1), whole),
      hmacSha256(new Uint8Array(1), new TextEncoder().encode(whole)),
    );
  }));
});

Deno.test("only the same bytes are equal", () => {
  fc.assert(fc.property(bytes, bytes, (one, other) => {
    assert.equal(equalsInConstantTime(one, one.slice()), true);
    const isSame = one.length === other.length && one.every((byte, at) => byte === other[at]);
    assert.equal(equalsInConstantTime(one, other), isSame);
    if (one.length === 0) return;
    const flipped = one.with(one.length - 1, (one.at(-1) ?? 0) ^ 1);
    assert.equal(equalsInConstantTime(one, flipped), false);
  }));
});
