import { testBroken } from "./broken.ts";
import { changeSetCookies } from "./breaking_proxy.ts";
import { openDoctorFixture } from "./fixture.ts";

const fixture = await openDoctorFixture();
Deno.test.afterAll(() => fixture.close());

/** Breaks every cookie of every answer in one way. */
function everyCookie(change: (cookie: string) => string) {
  return {
    changeReply: (headers: Headers) => changeSetCookies(headers, (all) => all.map(change)),
  };
}

function dropping(kind: "access" | "refresh" | "present") {
  return {
    changeReply: (headers: Headers) =>
      changeSetCookies(headers, (all) => all.filter((each) => !each.includes(`session_${kind}=`))),
  };
}

testBroken(fixture, {
  when: "a proxy folds the Set-Cookie headers into one",
  check: "cookies_arrive",
  says: /arrive as one/,
  broken: {
    changeReply: (headers) =>
      changeSetCookies(headers, (all) => all.length ? [all.join(", ")] : []),
  },
});

for (const kind of ["access", "refresh", "present"] as const) {
  testBroken(fixture, {
    when: `a proxy drops the ${kind} cookie`,
    check: "cookies_arrive",
    says: new RegExp(`session_${kind} does not arrive`),
    broken: dropping(kind),
  });
}

testBroken(fixture, {
  when: "a proxy sends a cookie twice",
  check: "cookies_arrive",
  says: /arrives 2 times/,
  broken: { changeReply: (headers) => changeSetCookies(headers, (all) => [...all, ...all]) },
});

testBroken(fixture, {
  when: "a proxy cuts long values",
  check: "cookies_arrive",
  says: /refresh cookie's value is changed/,
  broken: everyCookie((cookie) => cookie.replace(/(session_refresh=.{40})[^;]*/, "$1")),
});

testBroken(fixture, {
  when: "a proxy signs or encrypts cookies",
  check: "cookies_arrive",
  says: /access cookie's value is changed/,
  broken: everyCookie((cookie) => cookie.replace(/(session_access=)[^;]+/, "$1s%3Aabc")),
});

testBroken(fixture, {
  when: "a proxy takes the Cookie header away",
  check: "cookies_arrive",
  says: /does not accept them back: "\w+_missing"/,
  broken: {
    changeRequest: (headers, { url }) => {
      if (/(?:validate|refresh|validate-session)$/.test(url)) headers.delete("cookie");
    },
  },
});

for (
  const [when, from, to, says] of [
    ["a proxy takes Secure away", / Secure;?/, "", /lacks Secure/],
    ["a proxy takes HttpOnly away", / HttpOnly;?/, "", /lacks HttpOnly/],
    ["a proxy adds HttpOnly", /$/, "; HttpOnly", /present is HttpOnly, so that the page takes/],
    ["a proxy changes the path", / Path=\//, " Path=/functions/v1", /lacks Path=\//],
    ["a proxy adds a Domain", /$/, "; Domain=example.com", /has a Domain/],
    ["a proxy takes SameSite away", / SameSite=\w+;?/, "", /lacks SameSite/],
    ["a proxy takes Max-Age away", / Max-Age=\d+;?/, "", /lacks Max-Age/],
    ["a proxy shortens lifetimes", / Max-Age=\d+/, " Max-Age=60", /ends before its token/],
  ] as const
) {
  testBroken(fixture, {
    when,
    check: "cookie_attributes",
    says,
    broken: everyCookie((cookie) => cookie.replace(from, to)),
  });
}

testBroken(fixture, {
  when: "the cookies are for another domain than the functions'",
  check: "cookie_attributes",
  says: /is for "example\.com", which is not the domain of 127\.0\.0\.1/,
  broken: everyCookie((cookie) => `${cookie.replace("__Host-", "__Secure-")}; Domain=example.com`),
});

testBroken(fixture, {
  when: "no cookie arrives at all",
  check: "cookie_attributes",
  result: "not_checked",
  says: /not three cookies/,
  broken: { changeReply: (headers) => headers.delete("set-cookie") },
  left: 2, // that of sign_in, and that of session_binding
});

testBroken(fixture, {
  when: "no cookie arrives at all",
  check: "sign_out",
  says: /could not end 2 of the sessions that it opened/,
  broken: { changeReply: (headers) => headers.delete("set-cookie") },
  left: 2, // that of sign_in, and that of session_binding
});

testBroken(fixture, {
  when: "app and functions are two sites, and the cookies are SameSite=Lax",
  check: "cookie_party",
  says: /two sites.*SameSite=Lax keeps every browser/,
  broken: null,
  options: { appOrigin: "https://app.example.com" },
});

testBroken(fixture, {
  when: "the cookies are third-party and not partitioned",
  check: "cookie_party",
  says: /without Partitioned: Safari and Firefox block them/,
  broken: everyCookie((cookie) => cookie.replace("SameSite=Lax", "SameSite=None")),
  options: { appOrigin: "https://app.example.com" },
});

testBroken(fixture, {
  when: "the cookies are third-party and partitioned",
  check: "cookie_party",
  result: "warning",
  says: /partitioned: current browsers keep them. Safari before 18\.4/,
  broken: everyCookie((cookie) => cookie.replace("SameSite=Lax", "SameSite=None; Partitioned")),
  options: { appOrigin: "https://app.example.com" },
});

testBroken(fixture, {
  when: "the app is served over plain HTTP",
  check: "cookie_party",
  says: /plain HTTP/,
  broken: null,
  options: { appOrigin: "http://app.example.com" },
});
