import assert from "node:assert/strict";
import { isIP } from "node:net";
import fc from "fast-check";
import {
  networkOf,
  readClientAddress,
} from "../../../supabase/functions/_shared/client_address.ts";
import { anyText } from "./arbitraries.ts";

Deno.test("an IPv4 address is read as it stands", () => {
  fc.assert(fc.property(fc.ipV4(), (address) => {
    assert.equal(readClientAddress(address), address);
    assert.equal(readClientAddress(` ${address} `), address);
  }));
});

Deno.test("an IPv6 address has one form, whatever it was written in", () => {
  for (
    const spelling of [
      "2001:db8::1",
      "2001:DB8:0:0:0:0:0:1",
      "2001:0db8:0000:0000:0000:0000:0000:0001",
      "[2001:db8::1]",
      "2001:db8::1%eth0",
      "[2001:db8::1%25eth0]",
    ]
  ) {
    assert.equal(readClientAddress(spelling), "2001:db8::1");
  }
});

Deno.test("every IPv6 address is read, and its form is read as itself", () => {
  fc.assert(fc.property(fc.ipV6(), (address) => {
    const normal = readClientAddress(address);
    assert.ok(normal !== null && isIP(normal) !== 0, `${address}: ${normal}`);
    assert.equal(readClientAddress(normal), normal);
  }));
});

Deno.test("an IPv4 address mapped into IPv6 is the IPv4 address, so that both share one throttle", () => {
  for (const spelling of ["::ffff:203.0.113.7", "::FFFF:cb00:7107", "0:0:0:0:0:ffff:203.0.113.7"]) {
    assert.equal(readClientAddress(spelling), "203.0.113.7");
  }
});

Deno.test("of a list the last entry counts: the first is written by the sender", () => {
  assert.equal(readClientAddress("1.1.1.1, 2.2.2.2,203.0.113.7"), "203.0.113.7");
  assert.equal(readClientAddress("1.1.1.1, unknown"), null);
  assert.equal(readClientAddress("1.1.1.1,"), null);
});

Deno.test("a header that is no address gives none", () => {
  const none = [
    null,
    "",
    " ",
    "unknown",
    "localhost",
    "256.1.1.1",
    "1.2.3",
    "1.2.3.4.5",
    "1.2.3.4.",
    "01.2.3.4",
    "0x7f.0.0.1",
    "2130706433",
    "1.2.3.4:80",
    "1::2::3",
    "12345::",
    "::1]/x[",
    "[::1",
    "::1]",
    "[]",
    "%eth0",
  ];
  for (const text of none) assert.equal(readClientAddress(text), null, `${text}`);
});

Deno.test("whatever is sent, the answer is an address or null", () => {
  const text = fc.oneof(
    anyText(60),
    fc.string({ unit: fc.constantFrom(..."0123456789abcdef:.%[], "), maxLength: 50 }),
  );
  fc.assert(fc.property(text, (value) => {
    const address = readClientAddress(value);
    assert.ok(address === null || isIP(address) !== 0, `${address}`);
  }));
});

Deno.test("the network of an address is the address itself, and of IPv6 the first 48 bits", () => {
  const networks: Readonly<Record<string, string>> = {
    "203.0.113.7": "203.0.113.7",
    "2001:db8:1:2:3:4:5:6": "2001:db8:1::/48",
    "2001:db8:1::": "2001:db8:1::/48",
    "2001:db8::1": "2001:db8:0::/48",
    "2001::1:2:3:4": "2001:0:0::/48",
    "::1": "0:0:0::/48",
    "::": "0:0:0::/48",
    "::2:3:4:5:6:7:8": "0:2:3::/48",
    "1:2:3:4:5:6:7::": "1:2:3::/48",
  };
  for (const [address, network] of Object.entries(networks)) {
    assert.equal(networkOf(address), network, address);
  }
});

Deno.test("IPv6 addresses share a network exactly when their first 48 bits are the same", () => {
  const words = fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 8, maxLength: 8 });
  const networkOfWords = (each: readonly number[]) =>
    networkOf(readClientAddress(each.map((word) => word.toString(16)).join(":")) ?? "");
  fc.assert(fc.property(words, words, fc.nat(7), ([a = 0, b = 0, c = 0], other, changed) => {
    const base = [0x2001 + a % 2, b % 2, c % 2, ...other.slice(3)];
    const twin = base.map((word, at) => at === changed ? word ^ 1 : word);
    assert.equal(networkOfWords(base) === networkOfWords(twin), changed > 2);
  }));
});
