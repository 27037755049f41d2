import assert from "node:assert/strict";
import { readSession } from "../../../client/src/server/index.ts";

const BASE = "https://api.example.com/functions/v1";
const USER = { id: "6f9e", email: "ada@example.com" };
const COOKIES = "theme=dark; __Host-session_access=a.b.c; cart=7; __Host-session_refresh=r";

function visitor(cookie: string | null): Request {
  return new Request("https://app.example.com/", { headers: cookie === null ? {} : { cookie } });
}

/** A function that answers this, with a record of the calls. */
function answering(status: number, body: unknown) {
  const calls: { readonly url: string; readonly init: RequestInit }[] = [];
  return {
    calls,
    fetch: (url: string, init: RequestInit) => {
      calls.push({ url, init });
      return Promise.resolve(new Response(JSON.stringify(body), { status }));
    },
  };
}

function live(status: "active" | "grace") {
  return {
    valid: true,
    status,
    user: USER,
    session_id: "51d0",
    server_time: "2026-11-29T08:00:00.000Z",
    access_token: "a.b.c",
  };
}

Deno.test("a live session is read with its user, and only an active one may write", async () => {
  const active = await readSession(visitor(COOKIES), {
    baseUrl: BASE,
    ...answering(200, live("active")),
  });
  assert.equal(active.status, "active");
  assert.deepEqual(active.user, USER);
  assert.equal(active.canMutate, true);
  assert.equal(active.accessToken, "a.b.c");

  const grace = await readSession(visitor(COOKIES), {
    baseUrl: BASE,
    ...answering(200, live("grace")),
  });
  assert.equal(grace.status, "grace");
  assert.deepEqual(grace.user, USER);
  assert.equal(grace.canMutate, false);
  assert.equal(grace.accessToken, null, "a graced token is accepted nowhere");
});

Deno.test("the initial session that a server hands to the page holds no token and survives JSON", async () => {
  const { initial } = await readSession(visitor(COOKIES), {
    baseUrl: BASE,
    ...answering(200, live("active")),
  });
  assert.deepEqual(JSON.parse(JSON.stringify(initial)), {
    status: "active",
    user: USER,
    sessionId: "51d0",
    serverTime: "2026-11-29T08:00:00.000Z",
  });
});

Deno.test("a page that was rendered for a person is stored by no cache", async () => {
  for (const cookie of [COOKIES, null]) {
    const { headers } = await readSession(visitor(cookie), {
      baseUrl: BASE,
      ...answering(200, live("active")),
    });
    assert.deepEqual(headers, { "cache-control": "private, no-store", vary: "Cookie" });
  }
});

Deno.test("only the session's cookies are sent on, whatever their prefix", async () => {
  for (
    const [sent, forwarded] of [
      [COOKIES, "__Host-session_access=a.b.c; __Host-session_refresh=r"],
      ["__Secure-session_access=s; sid=1", "__Secure-session_access=s"],
      ["session_access=p; session_refresh=q", "session_access=p; session_refresh=q"],
      ["xsession_access=1; session_accessible=2", null],
    ] as const
  ) {
    const { calls, fetch } = answering(200, live("active"));
    await readSession(visitor(sent), { baseUrl: BASE, fetch });
    assert.equal(new Headers(calls[0]?.init.headers).get("cookie"), forwarded, sent);
  }
});

Deno.test("only a Bearer token is sent on: a password of the page's own server stays there", async () => {
  for (
    const [sent, forwarded] of [
      ["Bearer a.b.c", "Bearer a.b.c"],
      ["bearer a.b.c", "bearer a.b.c"],
      ["Basic YWRhOnNlY3JldA==", null],
      ["Negotiate x", null],
    ] as const
  ) {
    const { calls, fetch } = answering(200, live("active"));
    const request = new Request("https://app.example.com/", {
      headers: { cookie: COOKIES, authorization: sent },
    });
    assert.equal((await readSession(request, { baseUrl: BASE, fetch })).status, "active");
    assert.equal(new Headers(calls[0]?.init.headers).get("authorization"), forwarded, sent);
  }
});

Deno.test("a request without a token is signed out, and nothing is called", async () => {
  const { calls, fetch } = answering(500, {});
  const visit = await readSession(visitor("theme=dark"), { baseUrl: BASE, fetch });
  assert.equal(visit.status, "signed-out");
  assert.deepEqual(calls, []);
});

Deno.test("one request is read once, however many parts of the page ask", async () => {
  const { calls, fetch } = answering(200, live("active"));
  const request = visitor(COOKIES);
  const visits = await Promise.all(
    Array.from({ length: 20 }, () => readSession(request, { baseUrl: BASE, fetch })),
  );
  assert.equal(calls.length, 1);
  assert.equal(new Set(visits).size, 1);
  await readSession(visitor(COOKIES), { baseUrl: BASE, fetch });
  assert.equal(calls.length, 2, "the next visitor's request is another one");
});

Deno.test("only the function's own refusal signs a visitor out", async () => {
  const refused = { valid: false, code: "session_revoked", message: "…" };
  for (
    const [status, body, expected] of [
      [401, refused, "signed-out"],
      [401, { ...refused, code: "access_token_missing", status: "stale" }, "stale"],
      [401, { code: "unauthorized" }, "unavailable"],
      [200, { hello: "captive portal" }, "unavailable"],
      [200, "not JSON's object", "unavailable"],
      [429, refused, "unavailable"],
      [503, { valid: false, code: "service_unavailable" }, "unavailable"],
      [302, {}, "unavailable"],
    ] as const
  ) {
    const visit = await readSession(visitor(COOKIES), {
      baseUrl: BASE,
      fetch: answering(status, body).fetch,
    });
    assert.equal(visit.status, expected, `${status} ${JSON.stringify(body)}`);
    assert.equal(visit.user, null);
  }
});

Deno.test("a backend that is down or slow leaves the visit unavailable", async () => {
  const down = () => Promise.reject(new TypeError("connection refused"));
  const slow = (_: string, { signal }: RequestInit) =>
    new Promise<Response>((_, reject) =>
      signal?.addEventListener("abort", () => reject(signal.reason))
    );
  for (const fetch of [down, slow]) {
    const visit = await readSession(visitor(COOKIES), { baseUrl: BASE, timeoutMs: 20, fetch });
    assert.equal(visit.status, "unavailable");
  }
});

Deno.test("a fault of the set-up leaves the visit unavailable too, and is reported to the developer", async () => {
  const fault = new TypeError("keepalive");
  const { error } = console;
  const printed: unknown[] = [];
  console.error = (thrown) => void printed.push(thrown);
  try {
    for (const thrown of [new TypeError("fetch failed"), fault]) {
      const fetch = () => Promise.reject(thrown);
      const visit = await readSession(visitor(COOKIES), { baseUrl: BASE, fetch });
      assert.equal(visit.status, "unavailable");
    }
  } finally {
    console.error = error;
  }
  assert.deepEqual(printed, [fault]);
});

Deno.test("the client's own base URL is understood, and a missing one is refused", async () => {
  for (const baseUrl of [BASE, `${BASE}/`, `${BASE}/unified-auth`, new URL(BASE)]) {
    const { calls, fetch } = answering(200, live("active"));
    await readSession(visitor(COOKIES), { baseUrl, fetch });
    assert.equal(calls[0]?.url, `${BASE}/validate-session`);
  }
  await assert.rejects(readSession(visitor(COOKIES), { baseUrl: "" }), TypeError);
  await assert.rejects(readSession(visitor(COOKIES), { baseUrl: "ftp://x/" }), TypeError);
});
