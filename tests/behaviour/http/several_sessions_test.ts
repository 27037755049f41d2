import assert from "node:assert/strict";
import { createAppInProcess, storeThat } from "../attack/app_in_process.ts";
import { ServiceUnavailableError } from "../../../supabase/functions/_shared/service_unavailable.ts";
import {
  encodeRefreshToken,
  firstRefreshToken,
} from "../../../supabase/functions/_shared/tokens/refresh_token.ts";
import type { SessionId } from "../../../supabase/functions/_shared/brands.ts";
import type { SessionStore } from "../../../supabase/functions/_shared/store/session_store.ts";
import { keys as unitKeys, UNBOUND_START } from "../../unit/functions/arbitraries.ts";
import { ageSession } from "../../../local/testing/aging.ts";
import { countEvents } from "../../harness/session_tables.ts";
import {
  ACCESS_COOKIE,
  type Answer,
  type Browser,
  type Call,
  challengeOf,
  CHROME,
  codeOf,
  REFRESH_COOKIE,
  viewOf,
} from "./browser.ts";
import { openHttpFixture, type Person } from "./fixture.ts";
import { createProofKey } from "./proof_key.ts";
import { assertRefused, assertSessionEnded } from "./refusal.ts";

const fixture = await openHttpFixture();
Deno.test.afterAll(() => fixture.close());

const { sql } = fixture;

/**
 * A browser whose cookies' domain was changed: the jar of the earlier domain is sent first and never
 * changes, the other one is what the answers set and clear.
 */
interface MovedBrowser {
  readonly earlier: Browser;
  readonly current: Browser;
  ask(path: string, call?: Call): Promise<Answer>;
}

function cookieHeader(...jars: readonly Browser[]): string {
  return jars.flatMap(({ cookies }) => [...cookies]).map((pair) => pair.join("=")).join("; ");
}

function moved(earlier: Browser, current: Browser): MovedBrowser {
  return {
    earlier,
    current,
    ask: (path, call) =>
      current.call(path, { ...call, headers: { cookie: cookieHeader(earlier, current) } }),
  };
}

/** A session that was rotated often, so that its generation is far above that of a new one. */
async function signInLongAgo(person: Person) {
  const browser = fixture.openBrowser();
  const { session } = await browser.login(person);
  for (let rotations = 0; rotations < 3; rotations += 1) {
    await ageSession(sql, session.id, 120);
    viewOf(await browser.refresh());
  }
  return { browser, sessionId: session.id };
}

/** In a later second than whatever was done before: `iat` tells whole ones apart. */
async function signInAgain(person: Person) {
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  const browser = fixture.openBrowser();
  const { session } = await browser.login(person);
  return { browser, sessionId: session.id };
}

function forgetAccess({ earlier, current }: MovedBrowser): void {
  for (const jar of [earlier, current]) jar.cookies.delete(ACCESS_COOKIE);
}

Deno.test("the cookie of a dead session does not sign out the session signed in to since", async () => {
  const person = await fixture.createPerson();
  const old = await signInLongAgo(person);
  await old.browser.copy().logout();
  const { browser, sessionId } = await signInAgain(person);
  const both = moved(old.browser, browser);

  const validated = viewOf(await both.ask("/unified-auth/validate"));
  assert.deepEqual({ id: validated.session.id, refreshed: validated.refreshed }, {
    id: sessionId,
    refreshed: false,
  });
  assert.equal(viewOf(await both.ask("/unified-auth/refresh")).session.id, sessionId);
  assert.equal((await both.ask("/unified-auth/sessions", { method: "GET" })).status, 200);
  assert.equal((await both.ask("/validate-session")).body["status"], "active");
  assert.deepEqual(await usesAfterEnd(old.sessionId), 0, "the dead session was not asked about");

  forgetAccess(both);
  for (const path of ["/unified-auth/refresh", "/unified-auth/validate"]) {
    assert.equal(viewOf(await both.ask(path)).session.id, sessionId);
    both.current.cookies.delete(ACCESS_COOKIE);
  }
});

Deno.test("a bound session that only lacks its proof is not called over for the dead one beside it", async () => {
  const key = await createProofKey();
  const dead = await fixture.signIn();
  await dead.browser.copy().logout();
  const live = await fixture.signIn({ key });
  const both = moved(live.browser, dead.browser); // the last one sent is tried first
  forgetAccess(both);
  const answer = await both.ask("/unified-auth/refresh", { proof: null });
  assertRefused(answer, "proof_required");
  live.browser.challenge = challengeOf(answer.body);
  const proof = await live.browser.prove("/refresh");
  assert.equal(
    viewOf(await both.ask("/unified-auth/refresh", { proof })).session.id,
    live.sessionId,
  );
});

/** The answers to a client that signs each challenge as it comes, beginning with none. */
async function proveUntilDecided({ current, ask }: MovedBrowser): Promise<readonly string[]> {
  const codes: string[] = [];
  current.challenge = null;
  do {
    const proof = await current.prove("/refresh");
    const answer = await ask("/unified-auth/refresh", { proof });
    codes.push(codeOf(answer));
    current.challenge = challengeOf(answer.body);
  } while (codes.at(-1) === "proof_required" && codes.length < 4);
  return codes;
}

Deno.test("a session whose key was lost does not hide the live session beside it", async () => {
  const key = await createProofKey();
  const lost = await fixture.signIn({ key: await createProofKey() });
  const live = await fixture.signIn({ key });
  lost.browser.key = key; // the browser has no other
  for (const [earlier, current] of [[live, lost], [lost, live]] as const) {
    const both = moved(earlier.browser.copy(), current.browser.copy());
    forgetAccess(both);
    const codes = await proveUntilDecided(both);
    assert.deepEqual(codes.at(-1), "200", codes.join());
    assert.ok(codes.length <= 3, "no more proofs than the client signs");
  }
});

Deno.test("two sessions whose keys were lost ask for a sign-in, and not for proofs without end", async () => {
  const lost = await fixture.signIn({ key: await createProofKey() });
  const other = await fixture.signIn({ key: await createProofKey() });
  const both = moved(lost.browser, other.browser);
  both.current.key = await createProofKey();
  forgetAccess(both);
  const codes = await proveUntilDecided(both);
  assert.deepEqual(codes, ["proof_required", "proof_required", "proof_key_unknown"]);
});

const usesAfterEnd = (sessionId: string) => countEvents(sql, sessionId, "used_after_revocation");

Deno.test("whichever cookie comes first, a session that lives is found behind those that have ended", async () => {
  const person = await fixture.createPerson();
  const live = await signInLongAgo(person);
  const dead = await signInAgain(person);
  await dead.browser.copy().logout();

  for (const path of ["/unified-auth/refresh", "/unified-auth/validate"]) {
    const both = moved(live.browser.copy(), dead.browser.copy());
    const view = viewOf(await both.ask(path));
    assert.deepEqual({ id: view.session.id, refreshed: view.refreshed }, {
      id: live.sessionId,
      refreshed: true,
    });
    assert.equal(both.current.refreshToken, live.browser.refreshToken);
    forgetAccess(both);
    assert.equal(viewOf(await both.ask(path)).session.id, live.sessionId);
  }
});

Deno.test("cookies are cleared once every session that they name has ended", async () => {
  const person = await fixture.createPerson();
  const [first, second] = [await signInLongAgo(person), await signInAgain(person)];
  await first.browser.copy().logout();
  const mismatched = second.browser.copy();
  mismatched.cookies.set(REFRESH_COOKIE, first.browser.refreshToken ?? "");
  assertRefused(await mismatched.refresh(), "session_revoked");
  assert.equal(viewOf(await mismatched.validate()).session.id, second.sessionId);

  await second.browser.copy().logout();
  for (const path of ["/unified-auth/refresh", "/unified-auth/validate"]) {
    const both = moved(first.browser.copy(), second.browser.copy());
    assertSessionEnded(await both.ask(path), "session_revoked");
    assertSessionEnded(await mismatched.copy().call("/unified-auth/validate"), "session_revoked");
  }
});

Deno.test("to end one of two sessions that the cookies show clears neither", async () => {
  const person = await fixture.createPerson();
  const [first, second] = [await signInLongAgo(person), await signInAgain(person)];
  const mismatched = second.browser.copy();
  mismatched.cookies.set(REFRESH_COOKIE, first.browser.refreshToken ?? "");
  const ended = await mismatched.call(`/unified-auth/sessions/${first.sessionId}`, {
    method: "DELETE",
  });
  assert.deepEqual([ended.status, ended.setCookies], [200, []]);
  assert.equal(viewOf(await mismatched.validate()).session.id, second.sessionId);
});

Deno.test("a stolen token is found and its session ended, though another one goes on", async () => {
  const [victim, thief] = [await fixture.signIn(), await fixture.signIn({ userAgent: CHROME })];
  const loot = fixture.openBrowser({ userAgent: CHROME, cookies: victim.browser.cookies });
  for (let cycles = 0; cycles < 2; cycles += 1) {
    await ageSession(sql, victim.sessionId, 120);
    viewOf(await victim.browser.refresh());
  }
  const both = moved(thief.browser, loot);
  forgetAccess(both);
  assert.equal(viewOf(await both.ask("/unified-auth/refresh")).session.id, thief.sessionId);
  const { revoked_reason } = await fixture.readSession(victim.sessionId);
  assert.equal(revoked_reason, "reused");
  const events = await sql`
    select e.user_agent from public.session_events as e
    where e.session_id = ${victim.sessionId} and e.event = 'reuse_detected'`;
  assert.deepEqual(events.map(({ user_agent }) => user_agent), [CHROME]);
});

Deno.test("signing out ends every session that the cookies show", async () => {
  const person = await fixture.createPerson();
  const [first, second] = [await signInLongAgo(person), await signInAgain(person)];
  const both = moved(first.browser, second.browser);
  const answer = await both.ask("/unified-auth/logout", { body: { scope: "local" } });
  assert.deepEqual([answer.body["sessions_ended"], answer.setCookies.length], [2, 3]);
  assert.equal(codeOf(await both.ask("/unified-auth/validate")), "session_revoked");
});

const URL_OF_REFRESH = "https://abc.supabase.co/unified-auth/refresh";

function newToken(): string {
  return firstRefreshToken({
    ...UNBOUND_START,
    sessionId: crypto.randomUUID() as SessionId,
    secret: new Uint8Array(32),
  }, unitKeys.signing).raw;
}

async function refreshWith(store: SessionStore, tokens: readonly string[]) {
  const response = await createAppInProcess(store).request(URL_OF_REFRESH, {
    method: "POST",
    headers: { cookie: tokens.map((token) => `${REFRESH_COOKIE}=${token}`).join("; ") },
  });
  const body: { readonly code?: string } = await response.json();
  return { code: body.code, setCookies: response.headers.getSetCookie() };
}

Deno.test("an outage behind a session that has ended is an outage, and clears nothing", async () => {
  let asked = 0;
  const failing = storeThat(() => {
    throw new ServiceUnavailableError({ dependency: "session_store", code: "timeout" });
  });
  const store: SessionStore = {
    ...failing,
    rotateSession: (request, context) => {
      asked += 1;
      return asked === 1
        ? Promise.resolve({ outcome: "revoked" })
        : failing.rotateSession(request, context);
    },
  };
  const answer = await refreshWith(store, [newToken(), newToken()]);
  assert.deepEqual(answer, { code: "service_unavailable", setCookies: [] });
  assert.equal(asked, 2);
});

Deno.test("no more than four sessions are looked up, and the rest is not taken to have ended", async () => {
  const asked: string[] = [];
  const store: SessionStore = {
    ...storeThat(() => Promise.reject(new TypeError("Only rotations are expected"))),
    rotateSession: ({ presented }) => {
      asked.push(`${presented.sessionId} ${presented.generation}`);
      return Promise.resolve({ outcome: "revoked" });
    },
  };
  const four = Array.from({ length: 4 }, newToken);
  assert.equal((await refreshWith(store, four)).setCookies.length, 3);
  assert.equal(asked.splice(0).length, 4);
  const answer = await refreshWith(store, [...four, newToken()]);
  assert.deepEqual(answer, { code: "session_revoked", setCookies: [] });
  assert.equal(asked.splice(0).length, 4);

  const sessionId = crypto.randomUUID() as SessionId;
  const generations = [7, 9, 8].map((generation) =>
    encodeRefreshToken(
      { ...UNBOUND_START, sessionId, generation, branch: 0, secret: new Uint8Array(32) },
      unitKeys.signing,
    )
  );
  await refreshWith(store, generations);
  assert.deepEqual(asked, [`${sessionId} 9`], "of one session the highest generation alone");
});
