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

Deno.test("where the cookie cannot be read, the server is asked", async () => {
  const harness = createHarness();
  harness.hasSessionCookie = undefined;
  const tab = harness.openTab();
  await harness.advance(0);
  assert.deepEqual(harness.server.calls, ["validate"]);
  assert.equal(tab.session.status, "active");
  tab.session.dispose();
});

Deno.test("a browser that lost only this cookie, or had none before it existed, is asked as ever", async () => {
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

Deno.test("a sign-out that the server has not heard of is told to it, cookie or not", async () => {
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
  assert.equal(harness.server.calls[0], "logout");
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

/** Paths that a page with this cookie asks for at a start and a sign-in. */
async function askedBy(cookie: string, baseUrl: string): Promise<readonly string[]> {
  const globals = {
    document: Object.assign(new EventTarget(), { hidden: false, cookie }),
    location: { href: "https://app.test/page", origin: "https://app.test" },
  };
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

Deno.test("a page that sees the readable cookie does not ask whether its cookies were kept", async () => {
  for (const name of ["session_present", "__Host-session_present", "__Secure-session_present-b"]) {
    assert.deepEqual(await askedBy(`theme=dark; ${name}=1`, "/functions/v1/unified-auth"), [
      "validate",
      "login",
    ]);
  }
  for (
    const [cookie, baseUrl] of [
      ["theme=dark", "/functions/v1/unified-auth"],
      ["xsession_present=1", "/functions/v1/unified-auth"],
      ["__Host-session_present=1", "https://project.supabase.test/functions/v1/unified-auth"],
    ] as const
  ) {
    assert.deepEqual(await askedBy(cookie, baseUrl), ["validate", "login", "validate"]);
  }
});
