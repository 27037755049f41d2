import assert from "node:assert/strict";
import { createSession } from "../../client/src/create_session.ts";
import { createHttpTransport } from "../../client/src/http_transport.ts";
import {
  NO_SESSION_CODES,
  rejectReasonOf,
  SESSION_OVER_REASONS,
} from "../../client/src/session_codes.ts";
import { ERRORS, SESSION_OVER_CODES } from "../../supabase/functions/_shared/errors.ts";

const VIEW = {
  valid: true,
  refreshed: true,
  user: { id: "u", email: null, phone: null, app_metadata: {}, user_metadata: {} },
  session: {
    id: "s",
    generation: 3,
    created_at: "2030-01-01T00:00:00Z",
    last_active_at: "2030-01-01T00:00:00Z",
    aal: "aal1",
    access_token_expires_at: "2030-01-01T01:00:00Z",
    access_token_expires_in: 3600,
    refresh_token_expires_at: "2030-01-31T00:00:00Z",
    refresh_token_expires_in: 2_592_000,
  },
  server_time: "2030-01-01T00:01:00Z",
};

const call = { signal: new AbortController().signal, trigger: "manual" } as const;

function transportThatGets(respond: (request: Request) => Response | Promise<Response>) {
  const sent: Request[] = [];
  const transport = createHttpTransport({
    baseUrl: "https://example.test/functions/v1/unified-auth/",
    fetch: (request) => {
      sent.push(request);
      return Promise.resolve().then(() => respond(request));
    },
  });
  return { transport, sent };
}

Deno.test("the client knows each of the backend's session codes", () => {
  for (const code of SESSION_OVER_CODES) assert.ok(code in SESSION_OVER_REASONS, code);
  // The others that are no answer to "is this browser signed in?": sign-in refusals, and the grace
  // window, which only the read-only function speaks of.
  const others = ["invalid_credentials", "bad_jwt", "grace_window_elapsed"];
  const unauthorized = Object.entries(ERRORS).filter(([, { status }]) => status === 401)
    .map(([code]) => code);
  assert.deepEqual(
    [...NO_SESSION_CODES, ...SESSION_OVER_CODES, ...others].sort(),
    unauthorized.sort(),
  );
});

Deno.test("a server makes a page's transport without a question, and cannot ask with its path", async () => {
  const sent: Request[] = [];
  const transport = createHttpTransport({
    baseUrl: "/functions/v1/unified-auth",
    fetch: (request) => {
      sent.push(request);
      return Promise.resolve(Response.json(VIEW));
    },
  });
  createSession({ transport });
  // Not a doubt of the network, which would be tried again.
  await assert.rejects(transport.validate(call), TypeError);
  assert.deepEqual(sent, []);
});

Deno.test("a path is one of the page's own origin", async () => {
  const document = { baseURI: "https://app.example.test/deep/page" };
  Reflect.defineProperty(globalThis, "document", { value: document, configurable: true });
  const sent: string[] = [];
  try {
    const transport = createHttpTransport({
      baseUrl: "/functions/v1/unified-auth/",
      fetch: (request) => {
        sent.push(request.url);
        return Promise.resolve(Response.json(VIEW));
      },
    });
    await transport.validate(call);
  } finally {
    Reflect.deleteProperty(globalThis, "document");
  }
  assert.deepEqual(sent, ["https://app.example.test/functions/v1/unified-auth/validate"]);
});

Deno.test("a session view is valid, with durations instead of times", async () => {
  const { transport } = transportThatGets(() => Response.json({ ...VIEW, access_token: "t" }));
  assert.deepEqual(await transport.validate(call), {
    kind: "valid",
    user: VIEW.user,
    sessionId: "s",
    generation: 3,
    refreshed: true,
    accessExpiresInMs: 3_600_000,
    sessionEndsInMs: 2_592_000_000,
    sessionAgeMs: 60_000,
    accessToken: "t",
    challenge: undefined,
  });
});

Deno.test("a rotation is a POST that outlives its page, with cookies, and follows nobody elsewhere", async () => {
  const { transport, sent } = transportThatGets(() => Response.json(VIEW));
  await transport.refresh(call);
  const [request] = sent;
  assert.equal(request?.url, "https://example.test/functions/v1/unified-auth/refresh");
  assert.deepEqual(
    [request.method, request.credentials, request.redirect, request.headers.get("content-type")],
    ["POST", "include", "manual", "application/json"],
  );
});

for (const code of [...SESSION_OVER_CODES, ...NO_SESSION_CODES]) {
  Deno.test(`401 ${code} is a verdict`, async () => {
    const { transport } = transportThatGets(() =>
      Response.json({ valid: false, code }, { status: 401 })
    );
    const expected = { kind: "rejected", reason: rejectReasonOf(code) };
    assert.deepEqual(await transport.validate(call), expected);
    assert.deepEqual(await transport.refresh(call), expected);
    // Nothing to sign out of any more.
    assert.deepEqual(await transport.logout({ ...call, scope: "local" }), { kind: "done" });
  });
}

const json = (body: unknown, init?: ResponseInit) => () => Response.json(body, init);
const NO_VERDICT: Readonly<Record<string, () => Response | Promise<Response>>> = {
  "HTML of a captive portal": () =>
    new Response("<html>", { headers: { "content-type": "text/html" } }),
  "HTML with status 401": () => new Response("<html>", { status: 401 }),
  "an empty 401": () => new Response(null, { status: 401 }),
  "401 with a code of somebody else": json({ code: "token_expired" }, { status: 401 }),
  "401 with a code that every object has": json({ code: "constructor" }, { status: 401 }),
  "401 with a code that is no text": json({ code: { session_revoked: true } }, { status: 401 }),
  "403 with a session code": json({ code: "session_revoked" }, { status: 403 }),
  "200 with a session code": json({ code: "session_revoked" }),
  "200 that is not valid": json({ ...VIEW, valid: false }),
  "200 with a view that lacks its session": json({ valid: true, user: VIEW.user }),
  "200 null": json(null),
  "302 to a login page": () => new Response(null, { status: 302, headers: { location: "/login" } }),
  "404": json({ code: "not_found" }, { status: 404 }),
  "409": json({}, { status: 409 }),
  "500 with a session code": json({ code: "session_revoked" }, { status: 500 }),
  "502 HTML": () => new Response("<html>", { status: 502 }),
  "an opaque answer": () => Response.error(),
  "no network": () => Promise.reject(new TypeError("Failed to fetch")),
};

for (const [name, respond] of Object.entries(NO_VERDICT)) {
  Deno.test(`${name} is no verdict`, async () => {
    const { transport } = transportThatGets(respond);
    for (const path of ["validate", "refresh"] as const) {
      assert.equal((await transport[path](call)).kind, "unavailable");
    }
    assert.equal((await transport.logout({ ...call, scope: "local" })).kind, "unavailable");
  });
}

Deno.test("429 and 503 are busy, with Retry-After in seconds or by the server's own clock", async () => {
  const outcomes = [
    [{ "retry-after": "7" }, 7000],
    [
      { "retry-after": "Tue, 01 Jan 2030 00:00:30 GMT", date: "Tue, 01 Jan 2030 00:00:00 GMT" },
      30_000,
    ],
    [{ "retry-after": "soon" }, undefined],
    [{}, undefined],
  ] as const;
  for (const status of [429, 503]) {
    for (const [headers, retryAfterMs] of outcomes) {
      const { transport } = transportThatGets(() =>
        Response.json({ code: "session_revoked" }, { status, headers })
      );
      assert.deepEqual(await transport.validate(call), { kind: "busy", retryAfterMs });
    }
  }
});

Deno.test("an aborted call is a timeout, and a fault of the program is not hidden", async () => {
  const abort = new AbortController();
  const { transport } = transportThatGets(({ signal }) => {
    abort.abort();
    signal.throwIfAborted();
    return new Response();
  });
  assert.deepEqual(await transport.validate({ signal: abort.signal, trigger: "manual" }), {
    kind: "unavailable",
    cause: "timeout",
  });
  const broken = transportThatGets(() => Promise.reject(new RangeError("bug")));
  await assert.rejects(broken.transport.validate(call), RangeError);
});

Deno.test("a refused sign-in is a value with the server's code", async () => {
  const { transport, sent } = transportThatGets(
    json({ code: "too_many_attempts", message: "Later." }, {
      status: 429,
      headers: { "retry-after": "30" },
    }),
  );
  const credentials = { email: "a@b.c", password: "p", deviceName: "desk" };
  assert.deepEqual(await transport.login(credentials, call), {
    kind: "refused",
    code: "too_many_attempts",
    message: "Later.",
    status: 429,
    retryAfterMs: 30_000,
  });
  assert.deepEqual(await sent[0]?.json(), { email: "a@b.c", password: "p", device_name: "desk" });
  await transport.login({ supabaseAccessToken: "jwt" }, call);
  assert.deepEqual(await sent[1]?.json(), { supabase_access_token: "jwt" });
});
