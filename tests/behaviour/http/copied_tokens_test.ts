import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { sessionList } from "../../../supabase/functions/_shared/http/schemas.ts";
import { ageSession } from "../../../local/testing/aging.ts";
import { readEvents } from "../../harness/session_tables.ts";
import { ACCESS_COOKIE, type Answer, type Browser, REFRESH_COOKIE, viewOf } from "./browser.ts";
import { openHttpFixture } from "./fixture.ts";
import { createProofKey } from "./proof_key.ts";
import { assertRefused, assertSessionEnded } from "./refusal.ts";

const fixture = await openHttpFixture();
Deno.test.afterAll(() => fixture.close());

const { sql } = fixture;

const signInBound = async () => await fixture.signIn({ key: await createProofKey() });

async function list(browser: Browser): Promise<Answer> {
  return await browser.call("/unified-auth/sessions", { method: "GET" });
}

async function revokedReason(sessionId: string): Promise<unknown> {
  return (await fixture.readSession(sessionId))["revoked_reason"];
}

/** A session with another one beside it, and a copy of its cookies from three generations ago. */
async function openWithOldCopy(bound: boolean) {
  const signedIn = bound ? await signInBound() : await fixture.signIn();
  const { browser, sessionId, person } = signedIn;
  const beside = (await fixture.openBrowser().login(person)).session.id;
  const old = browser.copy({ key: null });
  old.cookies.delete(ACCESS_COOKIE);
  for (let rotations = 0; rotations < 3; rotations++) {
    await ageSession(sql, sessionId, 120);
    viewOf(await browser.refresh());
  }
  return { browser, sessionId, beside, old };
}

Deno.test("an old refresh token of a bound session signs nobody out", async () => {
  const { browser, sessionId, beside, old } = await openWithOldCopy(true);
  for (const scope of ["others", "global"] as const) {
    assertRefused(await old.copy().logout(scope), "proof_required");
  }
  const thief = old.copy({ key: await createProofKey() });
  for (const scope of ["others", "global"] as const) {
    assertRefused(await thief.logout(scope), "proof_key_unknown");
  }
  const { status, body, setCookies } = await old.copy().logout("local");
  assert.deepEqual([status, body["sessions_ended"], setCookies.length], [200, 0, 3]);
  for (const id of [sessionId, beside]) assert.equal(await revokedReason(id), null);
  viewOf(await browser.validate());
});

Deno.test("an old refresh token of an unbound session ends that session as reused, and no other", async () => {
  for (const scope of ["others", "global"] as const) {
    const { sessionId, beside, old } = await openWithOldCopy(false);
    assertSessionEnded(await old.logout(scope), "refresh_token_already_used");
    assert.deepEqual([await revokedReason(sessionId), await revokedReason(beside)], [
      "reused",
      null,
    ]);
    assert.equal((await readEvents(sql, sessionId)).at(-1), "reuse_detected");
  }
  const { sessionId, old } = await openWithOldCopy(false);
  const { status, body } = await old.logout("local");
  assert.deepEqual([status, body["sessions_ended"]], [200, 1]);
  assert.equal(await revokedReason(sessionId), "reused");
});

Deno.test("a bound session is signed out without JavaScript, by its current cookies or those before", async () => {
  for (const holds of ["current", "predecessor"]) {
    const { browser, sessionId } = await signInBound();
    const copy = browser.copy({ key: null });
    copy.cookies.delete(ACCESS_COOKIE);
    if (holds === "predecessor") {
      await ageSession(sql, sessionId, 120);
      viewOf(await browser.refresh());
    }
    assert.equal((await copy.logout()).body["sessions_ended"], 1, holds);
    assert.equal(await revokedReason(sessionId), "logout", holds);
  }
});

Deno.test("with its key a browser signs the others out by the refresh token alone", async () => {
  const signedIn = await signInBound();
  const { browser, sessionId, person } = signedIn;
  const beside = (await fixture.openBrowser().login(person)).session.id;
  await ageSession(sql, sessionId, 3_700);
  browser.cookies.delete(ACCESS_COOKIE);
  assert.equal((await browser.logout("others")).body["sessions_ended"], 1);
  assert.deepEqual([await revokedReason(sessionId), await revokedReason(beside)], [
    null,
    "logout_others",
  ]);
  assert.equal((await browser.logout("global")).body["sessions_ended"], 1);
});

Deno.test("an access token whose place another branch took lists nothing, ends nothing, and has to refresh", async () => {
  const signedIn = await fixture.signIn();
  const { browser, sessionId, person } = signedIn;
  const beside = (await fixture.openBrowser().login(person)).session.id;
  const superseded = browser.copy();
  await ageSession(sql, sessionId, 120);
  viewOf(await superseded.refresh());
  await ageSession(sql, sessionId, 120);
  viewOf(await browser.refresh());
  await ageSession(sql, sessionId, 120);
  viewOf(await browser.validate()); // the newer branch is seen in use
  superseded.cookies.delete(REFRESH_COOKIE);

  assertRefused(await list(superseded), "access_token_superseded");
  const end = (id: string) => superseded.call(`/unified-auth/sessions/${id}`, { method: "DELETE" });
  for (const id of [beside, sessionId]) assertRefused(await end(id), "access_token_superseded");
  for (const scope of ["others", "global"] as const) {
    assertRefused(await superseded.logout(scope), "access_token_superseded");
  }
  assertRefused(await superseded.validate(), "access_token_superseded");
  assertRefused(
    await superseded.validate({ body: { refresh: "never" } }),
    "access_token_superseded",
  );
  assertRefused(await superseded.call("/validate-session"), "access_token_superseded");
  for (const id of [sessionId, beside]) assert.equal(await revokedReason(id), null);
});

Deno.test("validate goes on to the refresh where its access token was superseded, and finds the fork", async () => {
  const { browser, sessionId } = await fixture.signIn();
  const superseded = browser.copy();
  await ageSession(sql, sessionId, 120);
  viewOf(await superseded.refresh());
  await ageSession(sql, sessionId, 120);
  viewOf(await browser.refresh());
  await ageSession(sql, sessionId, 120);
  viewOf(await browser.validate());
  assertSessionEnded(await superseded.validate(), "refresh_token_already_used");
});

Deno.test("no answer to a copied token changes when its owner refreshes", async () => {
  for (const bound of [true, false]) {
    const { browser, sessionId } = bound ? await signInBound() : await fixture.signIn();
    const thief = browser.copy({ key: await createProofKey() });
    const learn = async () => {
      const refusal = bound ? [] : [
        await thief.refresh({
          tries: 1,
          proof: await thief.key?.prove({ route: "refresh", challenge: "outdated" }) ?? null,
        }),
      ];
      const answers = [
        await thief.validate({ body: { refresh: "never" }, proof: null, lost: true }),
        await list(thief),
        await thief.call("/validate-session"),
        ...refusal,
      ];
      return answers.map(({ status, body }) =>
        JSON.stringify(
          [status, body],
          (name, value) => CLOCK.has(name) ? undefined : placeOf(value),
        )
      );
    };
    const before = await learn();
    await sql`
      update public.sessions set issued_at = issued_at - interval '2 minutes',
        ip = '203.0.113.9', user_agent = 'another' where id = ${sessionId}`;
    viewOf(await browser.copy({ userAgent: "Mozilla/5.0 Chrome/1.0" }).refresh());
    assert.deepEqual(await learn(), before);
  }
});

/** Members that hold the time of the answer and nothing else. */
const CLOCK = new Set([
  ...["server_time", "last_active_at", "access_token_expires_in", "refresh_token_expires_in"],
  "request_id",
]);

/** Of a challenge the place that it names, without the time. */
function placeOf(value: unknown): unknown {
  return typeof value === "string" && /^A[Q-Za-f][A-Za-z0-9_-]{54}$/.test(value)
    ? Buffer.from(value, "base64url").toString("hex", 0, 22)
    : value;
}

Deno.test("another session's activity is rounded to the day", async () => {
  const { browser, person } = await fixture.signIn();
  await fixture.openBrowser().login(person);
  const { sessions } = sessionList.strict().parse((await list(browser)).body);
  const [current, other] = [
    sessions.find((each) => each.current),
    sessions.find((each) => !each.current),
  ];
  assert.match(other?.last_active_at ?? "", /T00:00:00.000Z$/);
  assert.doesNotMatch(current?.last_active_at ?? "", /T00:00:00.000Z$/);
});
