import assert from "node:assert/strict";
import { createAuthClient } from "../../../client/src/auth_client.ts";
import { createHarness } from "./client_harness.ts";

Deno.test("a visitor who never signed in is signed out at once, without a request", async () => {
  const harness = createHarness();
  harness.hasSessionCookie = false;
  const tab = harness.openTab();
  assert.equal(tab.session.status, "signed-out");
  assert.equal((await tab.session.ready()).status, "signed-out");
  await harness.advance(600_000);
  assert.deepEqual(harness.server.calls, []);
  tab.session.dispose();
});

Deno.test("where the cookie cannot be read, a request is sent", async () => {
  const harness = createHarness();
  harness.hasSessionCookie = undefined;
  const tab = harness.openTab();
  await harness.advance(0);
  assert.deepEqual(harness.server.calls, ["validate"]);
  assert.equal(tab.session.status, "active");
  tab.session.dispose();
});

Deno.test("a browser that lost only this cookie, or had none before it existed, sends its request as ever", async () => {
  const harness = createHarness();
  const before = harness.openTab();
  await harness.advance(0);
  before.session.dispose();
  harness.hasSessionCookie = false;
  const tab = harness.openTab();
  await harness.advance(0);
  assert.equal(tab.session.status, "active");
  tab.session.dispose();
});

Deno.test("a sign-out that has not reached the server is sent again, cookie or not", async () => {
  const harness = createHarness();
  const before = harness.openTab();
  await harness.advance(0);
  harness.server.script = () => ({ kind: "unavailable", cause: "network" });
  await before.session.signOut();
  before.session.dispose();
  harness.hasSessionCookie = false;
  harness.server.script = undefined;
  harness.server.calls.length = 0;
  const tab = harness.openTab();
  await harness.advance(10_000);
  assert.deepEqual(harness.server.calls.slice(0, 2), ["validate", "logout"]);
  tab.session.dispose();
});

const VIEW = {
  valid: true,
  refreshed: false,
  user: { id: "ada" },
  session: {
    id: "s",
    generation: 1,
    access_token_expires_in: 3600,
    refresh_token_expires_in: 2_592_000,
  },
};

interface PageOptions {
  readonly baseUrl?: string;
  readonly href?: string;
}

const FUNCTIONS = "/functions/v1/unified-auth";

/** Routes that a page whose `document.cookie` is read so asks at its start, and at a sign-in. */
async function askedBy(
  readCookie: () => string,
  { baseUrl = FUNCTIONS, href = "https://app.test/page" }: PageOptions = {},
): Promise<readonly string[]> {
  const document = Object.assign(new EventTarget(), { hidden: false });
  Object.defineProperty(document, "cookie", { get: readCookie });
  const globals = { document, location: new URL(href) };
  for (const [name, value] of Object.entries(globals)) {
    Reflect.defineProperty(globalThis, name, { value, configurable: true });
  }
  const asked: string[] = [];
  try {
    const auth = createAuthClient({
      baseUrl,
      fetch(input, init) {
        const { pathname } = new URL(new Request(input, init).url);
        asked.push(pathname.split("/").at(-1) ?? "");
        return Promise.resolve(Response.json(VIEW));
      },
      unstable_environment: { random: () => 0, window: null, storage: null },
    });
    await auth.ready();
    await auth.signIn.withPassword({ email: "ada@example.com", password: "p" });
    auth.dispose();
  } finally {
    for (const name of Object.keys(globals)) Reflect.deleteProperty(globalThis, name);
  }
  return asked;
}

/** One request at the start, and one to check that the cookies of the sign-in were kept. */
const NOT_READABLE = ["validate", "login", "validate"];
const PRESENT = ["validate", "login"];
const MISSING = ["login", "validate"];

Deno.test("the readable cookie is known by any prefix and suffix that the functions may use", async () => {
  for (
    const name of [
      "session_present",
      "session_present_shop",
      "__Host-session_present",
      "__Host-session_present_a-b",
      "__Secure-session_present",
    ]
  ) {
    for (const cookie of [`${name}=1`, `theme=dark; ${name}=1`, `${name}=1; theme=dark`]) {
      assert.deepEqual(await askedBy(() => cookie), PRESENT, cookie);
    }
  }
  for (const cookie of ["", "theme=dark", "xsession_present=1", "a=session_present=1"]) {
    assert.deepEqual(await askedBy(() => cookie), MISSING, cookie);
  }
});

Deno.test("a cookie is missing only where the page could read it: on the functions' own host", async () => {
  const local = { href: "http://localhost:5173/" };
  for (
    const [page, asked] of [
      [{ baseUrl: `https://app.test${FUNCTIONS}` }, MISSING],
      [{ ...local, baseUrl: `http://localhost:54321${FUNCTIONS}` }, MISSING],
      [{ ...local, baseUrl: `http://127.0.0.1:54321${FUNCTIONS}` }, NOT_READABLE],
      [{ ...local, baseUrl: `https://localhost:54321${FUNCTIONS}` }, NOT_READABLE],
      [{ baseUrl: `https://api.app.test${FUNCTIONS}` }, NOT_READABLE],
      [{ baseUrl: `https://project.supabase.test${FUNCTIONS}` }, NOT_READABLE],
    ] as const
  ) {
    assert.deepEqual(await askedBy(() => "theme=dark", page), asked, page.baseUrl);
  }
});

Deno.test("a sandboxed frame, in which reading cookies throws, asks the server", async () => {
  const asked = await askedBy(() => {
    throw new DOMException("The document is sandboxed", "SecurityError");
  });
  assert.deepEqual(asked, NOT_READABLE);
});

Deno.test("a session that is under way does not notice that this cookie is gone", async () => {
  const harness = createHarness();
  const tab = harness.openTab();
  await harness.advance(0);
  harness.hasSessionCookie = false;
  for (let hours = 0; hours < 3; hours++) {
    await harness.advance(3_600_000);
    tab.window.dispatchEvent(new Event("focus"));
    await harness.advance(0);
    assert.equal(tab.session.status, "active");
  }
  assert.equal(tab.count("session-ended") + tab.count("signed-out"), 0);
  tab.session.dispose();
});

Deno.test("a tab that asked nothing follows a sign-in in another one", async () => {
  const harness = createHarness();
  harness.hasSessionCookie = false;
  const [idle, signingIn] = [harness.openTab(), harness.openTab()];
  await harness.advance(0);
  harness.hasSessionCookie = true;
  await signingIn.session.signIn(() => Promise.resolve(harness.server.valid(false)));
  await harness.advance(0);
  assert.equal(idle.session.status, "active");
  assert.equal(idle.count("signed-in"), 1);
  assert.deepEqual(harness.server.calls, [], "neither asks");
  for (const { session } of [idle, signingIn]) session.dispose();
});

Deno.test("a page that waits for a sign-in follows the tab or popup that came back signed in", async () => {
  const harness = createHarness();
  const { script } = harness.server;
  harness.server.script = () => ({ kind: "rejected", reason: "no-session" });
  const waiting = harness.openTab();
  await harness.advance(0);
  assert.equal(waiting.session.status, "signed-out");
  await harness.advance(1_000);
  harness.server.script = script;
  const cameBack = harness.openTab();
  await harness.advance(0);
  for (const { session } of [waiting, cameBack]) {
    assert.equal(session.status, "active");
    session.dispose();
  }
});

Deno.test("a sign-in by a redirect, which no record names, is found when the person comes back", async () => {
  const harness = createHarness();
  harness.hasSessionCookie = false;
  const tab = harness.openTab();
  const comeBack = async () => {
    await harness.advance(60_000);
    tab.window.dispatchEvent(new Event("focus"));
    await harness.advance(0);
  };
  await comeBack();
  assert.deepEqual(harness.server.calls, []);
  harness.hasSessionCookie = true;
  await comeBack();
  assert.deepEqual(harness.server.calls, ["validate"]);
  assert.equal(tab.session.status, "active");
  tab.session.dispose();
});

Deno.test("a readable cookie without a session causes one request, and none at each return", async () => {
  const harness = createHarness();
  harness.hasSessionCookie = false;
  harness.server.script = () => ({ kind: "rejected", reason: "no-session" });
  const tab = harness.openTab();
  await harness.advance(0);
  harness.hasSessionCookie = true;
  for (let returns = 0; returns < 3; returns++) {
    await harness.advance(60_000);
    tab.window.dispatchEvent(new Event("focus"));
  }
  assert.deepEqual(harness.server.calls, ["validate"]);
  assert.equal(tab.session.status, "signed-out");
  tab.session.dispose();
});

Deno.test("who signed in and out without the server's hearing of it stays signed out", async () => {
  const harness = createHarness();
  harness.hasSessionCookie = false;
  const tab = harness.openTab();
  await harness.advance(0);
  harness.hasSessionCookie = true;
  await tab.session.signIn(() => Promise.resolve(harness.server.valid(false)));
  harness.server.script = () => ({ kind: "unavailable", cause: "network" });
  const statuses = new Set<string>();
  const signedOut = tab.session.signOut();
  const stop = tab.session.subscribe(({ status }) => void statuses.add(status));
  await harness.advance(600_000);
  await signedOut;
  assert.deepEqual([...statuses], ["signed-out"]);
  stop();
  tab.session.dispose();
});

const RENDERED = { user: null, sessionId: null, serverTime: null } as const;

Deno.test("a page that a server rendered for somebody asks, readable cookie or not", async () => {
  for (const isLate of [false, true]) {
    for (const status of ["active", "grace", "stale", "unavailable", "signed-out"] as const) {
      const harness = createHarness();
      harness.hasSessionCookie = false;
      const initial = { ...RENDERED, status };
      const tab = harness.openTab(isLate ? {} : { initial });
      if (isLate) tab.session.hydrate(initial);
      assert.equal((await tab.session.ready()).status, isNobody(status) ? "signed-out" : "active");
      assert.deepEqual(harness.server.calls, isNobody(status) ? [] : ["validate"], status);
      tab.session.dispose();
    }
  }
});

function isNobody(status: string): boolean {
  return status === "signed-out";
}
