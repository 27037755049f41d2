import assert from "node:assert/strict";
import fc from "fast-check";
import type {
  RawAccessToken,
  RawRefreshToken,
} from "../../../supabase/functions/_shared/brands.ts";
import {
  type CookieSameSite,
  createSessionCookies,
} from "../../../supabase/functions/_shared/http/cookies.ts";
import { encodeRefreshToken } from "../../../supabase/functions/_shared/tokens/refresh_token.ts";
import { anyText, keys, tokenParts } from "./arbitraries.ts";

const ACCESS = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl" as RawAccessToken;
const [PARTS] = fc.sample(tokenParts, { numRuns: 1, seed: 1 });
assert.ok(PARTS);
const REFRESH: RawRefreshToken = encodeRefreshToken(PARTS, keys.signing);

const hostOnly = createSessionCookies({ domain: null, sameSite: "lax" });
const shared = createSessionCookies({ domain: "example.com", sameSite: "lax" });

const options = fc.record({
  domain: fc.constantFrom(null, "example.com", "app.example.com"),
  sameSite: fc.constantFrom<CookieSameSite>("lax", "strict", "none"),
});

/** Every Set-Cookie that these cookies can write. */
function writeAll(cookies: typeof hostOnly): readonly string[] {
  return [
    cookies.setAccess(ACCESS, { maxAgeSeconds: 46_800 }),
    cookies.setRefresh(REFRESH, { maxAgeSeconds: 2_592_000 }),
    cookies.setPresent({ maxAgeSeconds: 2_592_000 }),
    ...cookies.clear(),
  ];
}

function attributesOf(setCookie: string): readonly string[] {
  return setCookie.split("; ").slice(1).toSorted();
}

Deno.test("a host-only cookie is written as browsers require of __Host-", () => {
  assert.equal(
    hostOnly.setAccess(ACCESS, { maxAgeSeconds: 46_800 }),
    `__Host-session_access=${ACCESS}; Max-Age=46800; Path=/; HttpOnly; Secure; SameSite=Lax`,
  );
  assert.equal(
    hostOnly.setRefresh(REFRESH, { maxAgeSeconds: 2_592_000 }),
    `__Host-session_refresh=${REFRESH}; Max-Age=2592000; Path=/; HttpOnly; Secure; SameSite=Lax`,
  );
  assert.equal(
    hostOnly.setPresent({ maxAgeSeconds: 2_592_000 }),
    "__Host-session_present=1; Max-Age=2592000; Path=/; Secure; SameSite=Lax",
  );
});

Deno.test("no setting writes a __Host- cookie with a Domain, nor a token that scripts can read", () => {
  fc.assert(fc.property(options, ({ domain, sameSite }) => {
    for (const setCookie of writeAll(createSessionCookies({ domain, sameSite }))) {
      const attributes = attributesOf(setCookie);
      for (const required of ["Secure", "Path=/"]) assert.ok(attributes.includes(required));
      const isReadable = /^[^=]*session_present=1?;/.test(setCookie);
      assert.equal(attributes.includes("HttpOnly"), !isReadable);
      assert.ok(setCookie.startsWith(domain === null ? "__Host-session_" : "__Secure-session_"));
      const domains = attributes.filter((attribute) => attribute.startsWith("Domain"));
      assert.deepEqual(domains, domain === null ? [] : [`Domain=${domain}`]);
      assert.equal(attributes.includes("Partitioned"), sameSite === "none");
    }
  }));
});

Deno.test("clearing uses the attributes of setting, so that the browser finds the same cookie", () => {
  fc.assert(fc.property(options, (chosen) => {
    const cookies = createSessionCookies(chosen);
    const clear = cookies.clear();
    const set = writeAll(cookies).slice(0, 3);
    assert.equal(clear.length, set.length);
    for (const [at, cleared] of clear.entries()) {
      assert.equal(cleared.split("=")[0], set[at]?.split("=")[0]);
      assert.match(cleared, /^[^=]+=; Max-Age=0; /);
      assert.match(cleared, /; Expires=Thu, 01 Jan 1970 00:00:00 GMT(;|$)/);
      const place = (attribute: string) => !/^(Max-Age|Expires)=/.test(attribute);
      assert.deepEqual(
        attributesOf(cleared).filter(place),
        attributesOf(set[at] ?? "").filter(place),
      );
    }
  }));
});

Deno.test("a cookie that is set is read back, whatever other cookies surround it", () => {
  const name = fc.string({ unit: fc.constantFrom(..."abc_-"), minLength: 1, maxLength: 9 });
  const other = fc.tuple(
    name,
    fc.string({ unit: fc.constantFrom(...'abc="{},:%/ '), maxLength: 20 }),
  )
    .map(([key, value]) => `${key}=${value}`);
  fc.assert(fc.property(options, fc.array(other), fc.array(other), (chosen, before, after) => {
    const cookies = createSessionCookies(chosen);
    const ours = writeAll(cookies).slice(0, 3).map((setCookie) => setCookie.split(";")[0]);
    const header = [...before, ...ours, ...after].join("; ");
    const read = { access: [ACCESS], refresh: [REFRESH] };
    assert.deepEqual(cookies.read(header), { ...read, hasPresent: true });
    const withoutPresent = [...before, ...ours.slice(0, 2), ...after].join("; ");
    assert.deepEqual(cookies.read(withoutPresent), { ...read, hasPresent: false });
  }));
});

Deno.test("two cookies of one name are both read, in the order in which they were last sent", () => {
  const header =
    "__Host-session_refresh=stale; a=b; __Host-session_refresh=fresh; __Host-session_refresh=stale";
  assert.deepEqual(hostOnly.read(header), {
    access: [],
    refresh: ["fresh", "stale"],
    hasPresent: false,
  });
});

Deno.test("quotes, blanks and a missing space after a semicolon are put up with", () => {
  const header =
    `__Host-session_access = "one" ;__Host-session_access=\ttwo\t;;=; __Host-session_access`;
  assert.deepEqual(hostOnly.read(header).access, ["one", "two"]);
});

Deno.test("an empty or absent cookie has no value", () => {
  for (const header of [null, "", ";", "__Host-session_access=", `__Host-session_access=""`]) {
    assert.deepEqual(hostOnly.read(header), { access: [], refresh: [], hasPresent: false });
  }
});

Deno.test("only the exact name counts, so that a sibling subdomain cannot smuggle one in", () => {
  const smuggled = [
    "\u00a0__Host-session_refresh=x", // a space to String.prototype.trim, not to a browser
    "\u2000__Host-session_refresh=x",
    "\u0085__Host-session_refresh=x",
    "__host-session_refresh=x",
    "__HOST-SESSION_REFRESH=x",
    "__Secure-session_refresh=x",
    "session_refresh=x",
    "__Host-session_refresh%20=x",
    'a="b, __Host-session_refresh=x"',
    "a=b, __Host-session_refresh=x",
    "a=__Host-session_refresh=x",
    "$Version=1,__Host-session_refresh=x",
  ];
  for (const header of smuggled) assert.deepEqual(hostOnly.read(header).refresh, [], header);
});

Deno.test("a deployment with a domain reads its own names only", () => {
  const header = "__Host-session_refresh=host; __Secure-session_refresh=shared";
  assert.deepEqual(shared.read(header).refresh, ["shared"]);
  assert.deepEqual(hostOnly.read(header).refresh, ["host"]);
});

Deno.test("of a header full of forged cookies the last 16 are read, among which ours is", () => {
  const junk = Array.from({ length: 5_000 }, (_, at) => `__Secure-session_access=${at}`);
  const header = [...junk, `__Secure-session_access=${ACCESS}`].join("; ");
  assert.deepEqual(shared.read(header).access, [
    ...Array.from({ length: 15 }, (_, at) => `${4_985 + at}`),
    ACCESS,
  ]);
});

Deno.test("without Secure there is no prefix, and nothing else is different", () => {
  const plain = createSessionCookies({ domain: null, sameSite: "lax", secure: false });
  const asPlain = (setCookie: string) => setCookie.replace(/^__Host-/, "").replace("; Secure", "");
  assert.deepEqual(writeAll(plain), writeAll(hostOnly).map(asPlain));
  assert.deepEqual(plain.read(`session_access=${ACCESS}`).access, [ACCESS]);
  assert.deepEqual(plain.read(`__Host-session_access=${ACCESS}`).access, []);
});

Deno.test("two projects with different suffixes share a host, and no cookie", () => {
  const [shop, blog] = ["_shop", "_blog"].map((nameSuffix) =>
    createSessionCookies({ domain: null, sameSite: "lax", nameSuffix })
  );
  assert.ok(shop && blog);
  const header = shop.setAccess(ACCESS, { maxAgeSeconds: 1 }).split(";")[0] ?? "";
  assert.equal(header, `__Host-session_access_shop=${ACCESS}`);
  assert.deepEqual(shop.read(header).access, [ACCESS]);
  for (const others of [blog, hostOnly]) assert.deepEqual(others.read(header).access, []);
  assert.deepEqual(blog.clear().map((line) => line.split("=")[0]), [
    "__Host-session_access_blog",
    "__Host-session_refresh_blog",
    "__Host-session_present_blog",
  ]);
  assert.equal(
    shop.setPresent({ maxAgeSeconds: 1 }).split(";")[0],
    "__Host-session_present_shop=1",
  );
});

Deno.test("reading never throws, whatever is sent", () => {
  fc.assert(fc.property(anyText(300), (text) => {
    const { access, refresh } = hostOnly.read(`${text}; __Host-session_access=a;${text}`);
    assert.ok(access.includes("a"));
    assert.ok([...access, ...refresh].every((value) => value !== ""));
  }));
});

Deno.test("ten times the hostile header takes about ten times the time, not a hundred", () => {
  const shapes = [
    " ",
    "\t",
    ";",
    "=",
    '"',
    "__Host-session_access=x;",
    "__Host-session_access ",
    "a; ",
  ];
  for (const shape of shapes) {
    const measure = (length: number) => {
      const header = shape.repeat(length / shape.length);
      const rounds = Array.from({ length: 20 }, () => {
        const start = performance.now();
        hostOnly.read(header);
        return performance.now() - start;
      });
      return Math.min(...rounds);
    };
    measure(2_000); // warm
    const [small, large] = [measure(2_000), measure(20_000)];
    assert.ok(large < 50 * small + 5, `${JSON.stringify(shape)}: ${small} ms and ${large} ms`);
  }
});

Deno.test("a lifetime that no browser would keep is misuse, not a cookie that ends with the browser", () => {
  for (const maxAgeSeconds of [-1, 0.5, NaN, Infinity]) {
    assert.throws(() => hostOnly.setRefresh(REFRESH, { maxAgeSeconds }), RangeError);
  }
  assert.match(hostOnly.setRefresh(REFRESH, { maxAgeSeconds: 0 }), /; Max-Age=0;/);
});

Deno.test("the two tokens cannot be mixed up", () => {
  // @ts-expect-error a refresh token is no access token
  assert.match(hostOnly.setAccess(REFRESH, { maxAgeSeconds: 1 }), /^__Host-session_access=/);
  // @ts-expect-error a plain string is no refresh token
  assert.match(hostOnly.setRefresh("anything", { maxAgeSeconds: 1 }), /^__Host-session_refresh=/);
});
