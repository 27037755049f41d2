import assert from "node:assert/strict";
import fc from "fast-check";
import {
  canonicalOrigin,
  corsHeaders,
  judgeOrigin,
  preflightHeaders,
  type RequestSource,
} from "../../../supabase/functions/_shared/http/origins.ts";
import { anyText } from "./arbitraries.ts";

const APP = "https://app.example.com";
const OWN = "https://abc.supabase.co";

/** An unsafe request without any header that tells its origin. */
const BARE: RequestSource = {
  method: "POST",
  origin: null,
  secFetchSite: null,
  requestUrl: `${OWN}/functions/v1/unified-auth/refresh`,
  allowedOrigins: [APP],
};

const OTHER_SITES = [
  "https://evil.example",
  "https://app.example.com.evil.example",
  "https://evilapp.example.com",
  "https://sub.app.example.com",
  "http://app.example.com",
  "https://app.example.com:8443",
  "https://app.example.com/",
  "https://APP.example.com",
  "https://app.example.com@evil.example",
  "null",
  "",
  "*",
];

Deno.test("a page of another origin cannot change anything", () => {
  for (const method of ["POST", "DELETE", "PUT", "PATCH", "post", "PROPFIND"]) {
    for (const origin of OTHER_SITES) {
      for (const secFetchSite of [null, "cross-site", "same-site", "", "unknown"]) {
        const result = judgeOrigin({ ...BARE, method, origin, secFetchSite });
        assert.equal(result, "cross_site", `${method} ${origin} ${secFetchSite}`);
      }
    }
  }
});

Deno.test("no other origin than the exact ones passes, whatever its form", () => {
  const looksAlike = fc.oneof(
    anyText(40),
    fc.string({
      unit: fc.constantFrom(
        "https",
        "http",
        "://",
        "app.",
        "example",
        ".com",
        ":",
        "443",
        "/",
        "@",
      ),
      maxLength: 8,
    }),
    anyText(5).map((tail) => APP + tail),
    anyText(5).map((head) => head + APP),
  ).filter((origin) => origin !== APP && origin !== OWN);
  fc.assert(fc.property(looksAlike, (origin) => {
    assert.equal(judgeOrigin({ ...BARE, origin }), "cross_site");
    assert.deepEqual(corsHeaders(origin, BARE.allowedOrigins), { "Vary": "Origin" });
  }));
});

Deno.test("a page on the list passes, wherever the browser says that it is", () => {
  for (const secFetchSite of [null, "cross-site", "same-site", "same-origin"]) {
    assert.equal(judgeOrigin({ ...BARE, origin: APP, secFetchSite }), "allowed");
  }
});

Deno.test("the browser's word that a request is same-origin, or the user's own, is enough", () => {
  for (const secFetchSite of ["same-origin", "none"]) {
    assert.equal(judgeOrigin({ ...BARE, secFetchSite }), "allowed");
    // Behind a same-origin rewrite our own host is another one than the page's.
    assert.equal(
      judgeOrigin({ ...BARE, origin: "https://rewritten.example", secFetchSite }),
      "allowed",
    );
  }
});

Deno.test("a sibling subdomain is not trusted unless it is on the list", () => {
  assert.equal(judgeOrigin({ ...BARE, secFetchSite: "same-site" }), "cross_site");
});

Deno.test("a cross-site request that hides its origin is refused", () => {
  assert.equal(judgeOrigin({ ...BARE, secFetchSite: "cross-site" }), "cross_site");
  assert.equal(judgeOrigin({ ...BARE, origin: "null", secFetchSite: "cross-site" }), "cross_site");
});

Deno.test("a caller that is no browser sends neither header and passes", () => {
  assert.equal(judgeOrigin(BARE), "allowed");
});

Deno.test("safe methods pass, as they change nothing", () => {
  for (const method of ["GET", "HEAD", "OPTIONS"]) {
    const source = { ...BARE, method, origin: "https://evil.example", secFetchSite: "cross-site" };
    assert.equal(judgeOrigin(source), "allowed");
  }
});

Deno.test("our own origin passes in browsers that send no Sec-Fetch-Site", () => {
  assert.equal(judgeOrigin({ ...BARE, origin: OWN }), "allowed");
});

Deno.test("behind a proxy that ends TLS, https of our host is our own origin", () => {
  const requestUrl = "http://abc.supabase.co/unified-auth/refresh";
  assert.equal(judgeOrigin({ ...BARE, origin: OWN, requestUrl }), "allowed");
  assert.equal(judgeOrigin({ ...BARE, origin: `${OWN}:8443`, requestUrl }), "cross_site");
});

Deno.test("http of our host is another site where the request came by https", () => {
  assert.equal(judgeOrigin({ ...BARE, origin: "http://abc.supabase.co" }), "cross_site");
});

Deno.test("behind a proxy that ends TLS, http of our host is another site as soon as the browser says so", () => {
  const requestUrl = "http://abc.supabase.co/unified-auth/refresh";
  const source = { ...BARE, origin: "http://abc.supabase.co", requestUrl };
  assert.equal(judgeOrigin({ ...source, secFetchSite: "cross-site" }), "cross_site");
});

Deno.test("on a developer's machine http with a port is our own origin, and another port is not", () => {
  const requestUrl = "http://127.0.0.1:54321/functions/v1/unified-auth/refresh";
  assert.equal(judgeOrigin({ ...BARE, origin: "http://127.0.0.1:54321", requestUrl }), "allowed");
  assert.equal(judgeOrigin({ ...BARE, origin: "http://127.0.0.1:3000", requestUrl }), "cross_site");
  assert.equal(
    judgeOrigin({ ...BARE, origin: "http://localhost:54321", requestUrl }),
    "cross_site",
  );
});

Deno.test("the host that a proxy in front was asked for is our own, by https only", () => {
  for (const forwardedHost of ["app.rewrite.example", "app.rewrite.example, inner.example"]) {
    const source = { ...BARE, forwardedHost };
    assert.equal(judgeOrigin({ ...source, origin: "https://app.rewrite.example" }), "allowed");
    assert.equal(judgeOrigin({ ...source, origin: "http://app.rewrite.example" }), "cross_site");
    assert.equal(judgeOrigin({ ...source, origin: "https://inner.example" }), "cross_site");
  }
});

Deno.test("a malformed forwarded host makes nothing ours and throws nothing", () => {
  fc.assert(fc.property(anyText(30), (forwardedHost) => {
    const source = { ...BARE, forwardedHost, origin: "https://evil.example" };
    fc.pre(!forwardedHost.includes("evil.example"));
    assert.equal(judgeOrigin(source), "cross_site");
  }));
});

Deno.test("an origin is written as browsers write it", () => {
  const written: Readonly<Record<string, string>> = {
    "https://app.example.com": "https://app.example.com",
    "https://App.Example.COM/": "https://app.example.com",
    "HTTPS://app.example.com:443": "https://app.example.com",
    "http://localhost:3000": "http://localhost:3000",
    "http://[::1]:80/": "http://[::1]",
    "https://bücher.example": "https://xn--bcher-kva.example",
    "capacitor://localhost": "capacitor://localhost",
  };
  for (const [text, origin] of Object.entries(written)) assert.equal(canonicalOrigin(text), origin);
});

Deno.test("more than an origin, or less, is none", () => {
  const none = [
    "*",
    "https://*.example.com",
    "https://example.com/app",
    "https://example.com?x",
    "https://example.com#x",
    "https://user@example.com",
    "https://:password@example.com",
    "example.com",
    "//example.com",
    "null",
    "file:///",
    "data:text/html,x",
    "javascript:alert(1)",
    "about:blank",
    "https://",
    "",
  ];
  for (const text of none) assert.equal(canonicalOrigin(text), null, text);
});

Deno.test("CORS answers a page on the list by its own name and lets it read what it needs", () => {
  assert.deepEqual(corsHeaders(APP, [APP]), {
    "Vary": "Origin",
    "Access-Control-Allow-Origin": APP,
    "Access-Control-Allow-Credentials": "true",
    "Access-Control-Expose-Headers":
      "X-Request-Id, Retry-After, Server-Timing, DPoP-Nonce, WWW-Authenticate",
  });
});

Deno.test("another site's page gets no CORS headers, and never a wildcard or null", () => {
  for (const origin of [...OTHER_SITES, OWN, null]) {
    assert.deepEqual(corsHeaders(origin, [APP]), { "Vary": "Origin" });
    assert.deepEqual(preflightHeaders(origin, [APP]), { "Vary": "Origin" });
    assert.deepEqual(corsHeaders(origin, []), { "Vary": "Origin" });
  }
});

Deno.test("a preflight from a page on the list learns the methods and headers of the API", () => {
  assert.deepEqual(preflightHeaders(APP, [APP]), {
    ...corsHeaders(APP, [APP]),
    "Access-Control-Allow-Methods": "GET, POST, PUT, DELETE",
    "Access-Control-Allow-Headers":
      "content-type, authorization, apikey, x-client-info, x-region, x-supabase-api-version, " +
      "traceparent, tracestate, baggage, idempotency-key, dpop",
    "Access-Control-Max-Age": "7200",
  });
});
