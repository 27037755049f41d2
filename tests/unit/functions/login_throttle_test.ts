import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import {
  ACCOUNT_LIMIT,
  loginBuckets,
  NETWORK_LIMIT,
  PAIR_LIMIT,
} from "../../../supabase/functions/_shared/sessions/login_throttle.ts";
import { anyText, keys } from "./arbitraries.ts";

function bucketIds(email: string, ip: string | null): readonly string[] {
  return loginBuckets(keys, { email, ip }).map(({ id }) => Buffer.from(id).toString("hex"));
}

Deno.test("a login is counted for the pair, the account and the network, in this order", () => {
  const buckets = loginBuckets(keys, { email: "ada@example.com", ip: "203.0.113.7" });
  assert.deepEqual(
    buckets.map(({ id: _, ...limit }) => limit),
    [PAIR_LIMIT, ACCOUNT_LIMIT, NETWORK_LIMIT],
  );
  assert.equal(loginBuckets(keys, { email: "ada@example.com", ip: null }).length, 2);
});

Deno.test("no two accounts, networks or pairs share a count", () => {
  const ids = ["ada@example.com", "grace@example.com"].flatMap((email) =>
    ["203.0.113.7", "203.0.113.8", null].flatMap((ip) => bucketIds(email, ip))
  );
  // Of 16 counts: two accounts, two networks, six pairs.
  assert.equal(ids.length, 16);
  assert.equal(new Set(ids).size, 10);
});

Deno.test("every spelling that Supabase Auth may take for one account shares its count", () => {
  const [, account] = bucketIds("victim@kindle.example", null);
  for (
    const spelling of [
      " Victim@Kindle.Example ",
      "VICTIM@KINDLE.EXAMPLE",
      // Go's lower case of U+0130 is a plain i, that of U+212A a plain k.
      "v\u0130ctim@kindle.example",
      "victim@\u212aindle.example",
      "ｖictim@kindle.example",
    ]
  ) {
    assert.equal(bucketIds(spelling, null)[1], account, spelling);
  }
});

Deno.test("whatever is sent as an address has counts, the same ones every time", () => {
  fc.assert(fc.property(anyText(60), (email) => {
    assert.deepEqual(bucketIds(email, null), bucketIds(email, null));
  }));
});
