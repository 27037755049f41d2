import assert from "node:assert/strict";
import { createAuthClient } from "../../../client/src/auth_client.ts";
import { browserEnvironment, type SessionEnvironment } from "../../../client/src/environment.ts";
import { createHttpTransport } from "../../../client/src/transport/http_transport.ts";
import {
  ACCESS_TOKEN_SUPERSEDED,
  NO_SESSION_CODES,
  PROOF_CODES,
  rejectReasonOf,
  SESSION_ENDED_REASONS,
} from "../../../client/src/transport/views.ts";
import { createHarness } from "./client_harness.ts";
import { ERRORS, SESSION_ENDED_CODES } from "../../../supabase/functions/_shared/errors.ts";

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

function transportThatGets(
  respond: (request: Request, init: RequestInit | undefined) => Response | Promise<Response>,
  { baseUrl = "https://example.test/functions/v1/unified-auth/", document = null, window = null }: {
    readonly baseUrl?: string;
    readonly window?: EventTarget | null;
    readonly document?: SessionEnvironment["document"];
  } = {},
) {
  const sent: Request[] = [];
  const reported: unknown[] = [];
  const transport = createHttpTransport({
    baseUrl,
    environment: {
      ...browserEnvironment(),
      window,
      document,
      fetch: (input, init) => {
        const request = new Request(input, init);
        sent.push(request);
        return Promise.resolve().then(() => respond(request, init));
      },
      reportError: (error) => void reported.push(error),
    },
  });
  return { transport, sent, reported };
}

Deno.test("the client knows each of the backend's session codes", () => {
  assert.deepEqual(Object.keys(SESSION_ENDED_REASONS).sort(), SESSION_ENDED_CODES.toSorted());
  // The others that are no answer to "is this browser signed in?": sign-in refusals, and the grace
  // window, which only the read-only function speaks of.
  const others = ["invalid_credentials", "bad_jwt", "grace_window_elapsed"];
  const unauthorized = Object.entries(ERRORS).filter(([, { status }]) => status === 401)
    .map(([code]) => code);
  const proofs = [...Object.values(PROOF_CODES), ACCESS_TOKEN_SUPERSEDED];
  assert.deepEqual(
    [...NO_SESSION_CODES, ...SESSION_ENDED_CODES, ...proofs, ...others].sort(),
    unauthorized.sort(),
  );
});

Deno.test("a server makes a page's client without a request, and cannot ask with its path", async () => {
  const { transport, sent } = transportThatGets(() => Response.json(VIEW), {
    baseUrl: "/functions/v1/unified-auth",
  });
  createAuthClient({ baseUrl: "/functions/v1/unified-auth" });
  // Not a failure of the network, which would be tried again.
  await assert.rejects(transport.validate(call), TypeError);
  assert.deepEqual(sent, []);
});

Deno.test("a path is one of the origin of the page or the worker, whatever a <base> says", async () => {
  const document = { baseURI: "https://other.example.test/" };
  const places: readonly Readonly<Record<string, unknown>>[] = [
    { document, location: { href: "https://app.example.test/deep/page" } },
    { location: { href: "https://app.example.test/deep/worker.js" } },
    { document, location: { href: "about:srcdoc" }, origin: "https://app.example.test" },
    {
      location: { href: "blob:https://app.example.test/4711" },
      origin: "https://app.example.test",
    },
  ];
  for (const globals of places) {
    const names = Object.keys(globals);
    for (const name of names) {
      Reflect.defineProperty(globalThis, name, { value: globals[name], configurable: true });
    }
    const { transport, sent } = transportThatGets(() => Response.json(VIEW), {
      baseUrl: "/functions/v1/unified-auth/",
    });
    try {
      await transport.validate(call);
    } finally {
      for (const name of names) Reflect.deleteProperty(globalThis, name);
    }
    assert.deepEqual(
      sent.map(({ url }) => url),
      ["https://app.example.test/functions/v1/unified-auth/validate"],
    );
  }
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

Deno.test("a rotation is a POST with cookies that follows no redirect", async () => {
  const { transport, sent } = transportThatGets(() => Response.json(VIEW));
  await transport.refresh(call);
  const [request] = sent;
  assert.equal(request?.url, "https://example.test/functions/v1/unified-auth/refresh");
  assert.deepEqual(
    [request.method, request.credentials, request.redirect, request.headers.get("content-type")],
    ["POST", "include", "manual", "application/json"],
  );
});

const PAGE = Object.assign(new EventTarget(), { hidden: false });

Deno.test("of a page that goes away only a request that may rotate is sent again, to outlive it", async () => {
  const sentBy = async (document: SessionEnvironment["document"]) => {
    const inits: RequestInit[] = [];
    const window = new EventTarget();
    const { transport } = transportThatGets((_, init = {}) => {
      inits.push(init);
      if (!init.keepalive) window.dispatchEvent(new Event("pagehide"));
      return Response.json({ ...VIEW, signed_out: true });
    }, { document, window });
    await transport.validate(call);
    await transport.refresh(call);
    await transport.login({ email: "a@b.c", password: "p" }, call);
    await transport.logout({ ...call, scope: "local" });
    await transport.sessions(call);
    window.dispatchEvent(new Event("pagehide"));
    return inits.map(({ keepalive = false, signal }) => [keepalive, signal === call.signal]);
  };
  const [plain, again] = [[false, true], [true, false]];
  assert.deepEqual(await sentBy(PAGE), [plain, again, plain, again, plain, plain, plain]);
  // Next.js rebuilds such a request and cannot send it.
  assert.deepEqual(await sentBy(null), [plain, plain, plain, plain, plain]);
});

Deno.test("runtimes of servers are given a URL and no member that they refuse", async () => {
  for (const document of [null, PAGE]) {
    const modes: unknown[] = [];
    const { transport } = transportThatGets((_, { cache } = {}) => {
      modes.push(cache);
      return Response.json(VIEW);
    }, { document });
    await transport.refresh(call);
    await transport.sessions(call);
    // workerd: "The 'cache' field on 'RequestInitializerDict' is not implemented".
    assert.deepEqual(modes, [undefined, document ? "no-store" : undefined]);
  }
});

Deno.test("a full quota for requests that outlive their page costs none, and is nobody's error", async () => {
  const window = new EventTarget();
  const { transport, sent, reported } = transportThatGets((_, init) => {
    if (init?.keepalive) throw new TypeError("Failed to fetch");
    window.dispatchEvent(new Event("pagehide"));
    return Response.json(VIEW);
  }, { document: PAGE, window });
  assert.equal((await transport.refresh(call)).kind, "valid");
  await new Promise((resolve) => setTimeout(resolve));
  assert.deepEqual([sent.length, reported], [2, []]);
});

Deno.test("a request that fails in the network is not sent twice", async () => {
  const { transport, sent } = transportThatGets(async () => {
    await new Promise((resolve) => setTimeout(resolve, 50));
    throw new TypeError("Failed to fetch");
  }, { document: PAGE });
  assert.deepEqual(await transport.refresh(call), { kind: "unavailable", cause: "network" });
  assert.equal(sent.length, 1);
});

/** Runtimes' messages for a network that fails, and for a request that cannot be made. */
const NETWORK_ERRORS = [
  new TypeError("Failed to fetch"), // Chromium
  new TypeError("NetworkError when attempting to fetch resource."), // Firefox
  new TypeError("Load failed"), // Safari
  new TypeError("The network connection was lost."), // Safari
  new TypeError("fetch failed"), // undici
  new TypeError("error sending request for url (https://example.test/)"), // Deno
  new Error("Unable to connect. Is the computer able to access the url?"), // Bun
  new Error("Network connection lost."), // workerd
  new Error("internal error; reference = g00vnik57apm6m82v2jmmrdi"), // workerd, of an unknown host
  new TypeError("Network request failed"), // React Native
  new Error('Unable to resolve host "example.test": No address associated with hostname'), // Expo, Android
  new Error("The request timed out."), // Expo, iOS
  new Error("net::ERR_NAME_NOT_RESOLVED"), // Electron
  new Error("request to https://example.test/ failed, reason: getaddrinfo ENOTFOUND"), // node-fetch
];
const SETUP_ERRORS = [
  new TypeError("keepalive"), // undici, for what Next.js makes of a request
  new Error("The 'cache' field on 'RequestInitializerDict' is not implemented"), // workerd
  new TypeError("Cannot read properties of undefined (reading 'headers')"), // a wrapper of fetch
  new TypeError("Cannot read properties of undefined (reading 'connection')"), // Chromium
  new TypeError("undefined is not an object (evaluating 'navigator.connection.type')"), // Safari
  new TypeError('can\'t access property "type", navigator.connection is undefined'), // Firefox
  new TypeError("openSocket is not a function"),
  new TypeError("headers is not iterable"),
  new ReferenceError("networkState is not defined"),
  new ReferenceError("Can't find variable: networkState"), // Safari
  new RangeError("bug"),
];

Deno.test("a network error is unavailable; a mistake in the set-up is thrown", async () => {
  for (const error of NETWORK_ERRORS) {
    const { transport } = transportThatGets(() => Promise.reject(error));
    assert.deepEqual(await transport.validate(call), { kind: "unavailable", cause: "network" });
  }
  for (const error of SETUP_ERRORS) {
    const { transport } = transportThatGets(() => Promise.reject(error));
    await assert.rejects(transport.validate(call), error);
  }
});

Deno.test("Safari says in the person's language that there is no network, and that a page went away", async () => {
  const messages = [
    "cancelled",
    "annulé",
    "Abgebrochen",
    "La connexion Internet semble interrompue.",
  ];
  for (const message of messages) {
    const fail = () => Promise.reject(new TypeError(message));
    const { transport } = transportThatGets(fail, { document: PAGE });
    assert.deepEqual(await transport.validate(call), { kind: "unavailable", cause: "network" });
  }
  for (
    const error of [
      ...SETUP_ERRORS.filter(({ message }) => message !== "keepalive"),
      new TypeError("Failed to execute 'fetch' on 'Window': Invalid name"), // Chromium
      new TypeError("URL is not valid or contains user credentials."), // Safari
    ]
  ) {
    const { transport } = transportThatGets(() => Promise.reject(error), { document: PAGE });
    await assert.rejects(transport.validate(call), error);
  }
});

Deno.test("a session reports what is wrong with the set-up, and is degraded", async () => {
  const harness = createHarness();
  const reported: unknown[] = [];
  const auth = createAuthClient({
    baseUrl: "https://example.test/",
    unstable_environment: {
      fetch: () => Promise.reject(new TypeError("keepalive")),
      reportError: (error) => void reported.push(error),
      setTimer: () => () => {},
    },
  });
  assert.equal((await auth.ready()).status, "restoring");
  assert.deepEqual(reported, [new TypeError("keepalive")]);
  const outcome = await auth.devices.list();
  assert.deepEqual(outcome, { kind: "unavailable", cause: "request" });
  assert.equal(harness.timers(), 0);
});

Deno.test("a page whose origin is not on the list is reported to the developer", async () => {
  const { transport, reported } = transportThatGets(() =>
    Response.json({ code: "cross_site_request", message: "" }, { status: 403 })
  );
  assert.equal((await transport.validate(call)).kind, "unavailable");
  assert.match(String(reported[0]), /SESSION_ALLOWED_ORIGINS/);
});

for (const code of [...SESSION_ENDED_CODES, ...NO_SESSION_CODES]) {
  Deno.test(`401 ${code} is a refusal of the session`, async () => {
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
const NO_REFUSAL: Readonly<Record<string, () => Response | Promise<Response>>> = {
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

for (const [name, respond] of Object.entries(NO_REFUSAL)) {
  Deno.test(`${name} is no refusal of the session`, async () => {
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

Deno.test("an aborted call is a timeout", async () => {
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
});

Deno.test("a refused sign-in is a value with the server's code", async () => {
  const { transport, sent } = transportThatGets(
    json({ code: "over_request_rate_limit", message: "Later." }, {
      status: 429,
      headers: { "retry-after": "30" },
    }),
  );
  const credentials = { email: "a@b.c", password: "p", deviceName: "desk" };
  assert.deepEqual(await transport.login(credentials, call), {
    kind: "refused",
    code: "over_request_rate_limit",
    message: "Later.",
    status: 429,
    retryAfterMs: 30_000,
  });
  assert.deepEqual(await sent[0]?.json(), { email: "a@b.c", password: "p", device_name: "desk" });
  await transport.login({ supabaseAccessToken: "jwt" }, call);
  assert.deepEqual(await sent[1]?.json(), { supabase_access_token: "jwt" });
});
