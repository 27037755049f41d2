import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { backdateAccessToken } from "./access_token_forge.ts";
import { ageSession } from "../../../local/testing/aging.ts";
import { countEvents } from "../../harness/session_tables.ts";
import {
  ACCESS_COOKIE,
  type Answer,
  challengeOf,
  codeOf,
  REFRESH_COOKIE,
  viewOf,
} from "./browser.ts";
import { openHttpFixture, type SignedIn } from "./fixture.ts";
import { askUntilAnswered } from "../../resilience/fault/crowd.ts";
import { createProofKey } from "./proof_key.ts";
import { assertRefused, assertSessionEnded } from "./refusal.ts";
import { openTokenForge } from "./token_forge.ts";

const fixture = await openHttpFixture();
Deno.test.afterAll(() => fixture.close());

const { sql, stack } = fixture;
const forge = openTokenForge(stack);

const signInBound = async () => await fixture.signIn({ key: await createProofKey() });

/** Lets an hour pass: the access token has run out, and the next thing to come is a refresh. */
async function pass({ browser, sessionId }: SignedIn, seconds = 3_700): Promise<void> {
  await ageSession(sql, sessionId, seconds);
  const { environment } = stack;
  const { accessToken = "" } = browser;
  browser.cookies.set(
    ACCESS_COOKIE,
    await backdateAccessToken(accessToken, { seconds, environment }),
  );
}

async function keyOf(sessionId: string): Promise<string | null> {
  const { key_thumbprint } = await fixture.readSession(sessionId);
  return key_thumbprint instanceof Uint8Array ? Buffer.from(key_thumbprint).toString("hex") : null;
}

/** Refuses for want of a proof, changes nothing, and says what to sign, as RFC 9449 has it. */
function assertProofRequired(answer: Answer): void {
  assertRefused(answer, "proof_required");
  assert.match(answer.headers.get("www-authenticate") ?? "", /^DPoP error="use_dpop_nonce"/);
  const challenge = challengeOf(answer.body);
  assert.ok(challenge);
  assert.equal(answer.headers.get("dpop-nonce"), challenge);
}

Deno.test("a sign-in with a proof is bound to its key, and a sign-in without one is not", async () => {
  const { browser, sessionId, view } = await signInBound();
  assert.equal(view.session.bound, true);
  assert.equal(await keyOf(sessionId), browser.key?.thumbprint);
  const { lineage } = await fixture.readSession(sessionId);
  const token = forge.read(browser.refreshToken);
  assert.deepEqual(token?.lineage, new Uint8Array(lineage as Uint8Array));
  assert.equal(Buffer.from(token?.key ?? []).toString("hex"), browser.key?.thumbprint);

  const unbound = await fixture.signIn();
  assert.equal(unbound.view.session.bound, false);
  assert.equal(await keyOf(unbound.sessionId), null);
});

Deno.test("a sign-in whose proof does not hold is a sign-in all the same, and not bound", async () => {
  const browser = fixture.openBrowser({ key: await createProofKey() });
  for (const proof of ["junk", await browser.key?.prove({ route: "refresh", challenge: null })]) {
    const { email, password } = await fixture.createPerson();
    const body = { email, password };
    const view = viewOf(await browser.call("/unified-auth/login", { body, proof: proof ?? null }));
    assert.equal(view.session.bound, false);
  }
});

Deno.test("a bound session lives on by proofs over the challenge of each answer", async () => {
  const signedIn = await signInBound();
  const { browser } = signedIn;
  for (let generation = 2; generation < 5; generation++) {
    await pass(signedIn);
    const answer = generation % 2 === 0
      ? await browser.refresh({ tries: 1 })
      : await browser.validate({ tries: 1 });
    const { session, refreshed } = viewOf(answer);
    assert.deepEqual({ generation: session.generation, bound: session.bound, refreshed }, {
      generation,
      bound: true,
      refreshed: true,
    });
  }
});

Deno.test("a live access token needs no proof", async () => {
  const { browser } = await signInBound();
  for (const mode of ["auto", "never"]) {
    const answer = await browser.validate({ body: { refresh: mode }, proof: null });
    const { refreshed, session } = viewOf(answer);
    assert.deepEqual({ refreshed, bound: session.bound }, { refreshed: false, bound: true });
  }
  assert.equal((await browser.call("/validate-session", { proof: null })).status, 200);
});

Deno.test("a session from before binds at its next rotation, by refresh or by validate", async () => {
  for (const ask of ["refresh", "validate"] as const) {
    const signedIn = await fixture.signIn();
    const { browser, sessionId } = signedIn;
    await pass(signedIn);
    browser.key = await createProofKey();
    const { session } = viewOf(await browser[ask]());
    assert.deepEqual({ generation: session.generation, bound: session.bound }, {
      generation: 2,
      bound: true,
    });
    assert.equal(await keyOf(sessionId), browser.key.thumbprint);
    await pass(signedIn);
    assertProofRequired(await browser.refresh({ proof: null }));
  }
});

Deno.test("a renderer without the key is answered that a proof is needed, and touches no cookie", async () => {
  const signedIn = await signInBound();
  await pass(signedIn);
  const renderer = signedIn.browser.copy({ key: null });
  assertProofRequired(await renderer.validate());
  assertProofRequired(await renderer.refresh());
  const { generation } = viewOf(await signedIn.browser.refresh()).session;
  assert.equal(generation, 2);
});

Deno.test("mismatched cookies: a live access token speaks where the older refresh token lacks a proof", async () => {
  const signedIn = await signInBound();
  const { browser, sessionId } = signedIn;
  const before = browser.refreshToken ?? "";
  await pass(signedIn);
  await browser.refresh();
  browser.cookies.set(REFRESH_COOKIE, before);
  const renderer = browser.copy({ key: null });
  const { refreshed, session } = viewOf(await renderer.validate());
  assert.deepEqual({ refreshed, id: session.id, generation: session.generation }, {
    refreshed: false,
    id: sessionId,
    generation: 2,
  });
  assert.equal(viewOf(await browser.validate()).session.generation, 2);
  assert.notEqual(browser.refreshToken, before, "with its key it gets its token again");
});

Deno.test("a challenge that is missing, forged, of another session or of the place before is asked for anew", async () => {
  const signedIn = await signInBound();
  const other = await signInBound();
  const { browser, sessionId } = signedIn;
  await pass(signedIn);
  await browser.refresh();
  await pass(signedIn);
  const outdated = forge.challenge({ sessionId, generation: 1, ageSeconds: 300 });
  for (const challenge of [null, "x".repeat(56), other.browser.challenge, outdated]) {
    browser.challenge = challenge;
    assertProofRequired(await browser.refresh({ tries: 1 }));
    browser.challenge = challenge;
    assertProofRequired(await browser.validate({ tries: 1 }));
  }
  const ahead = forge.challenge({ sessionId, generation: 9, ageSeconds: -300 });
  browser.challenge = ahead;
  assertProofRequired(await browser.refresh({ tries: 1 }));
  // The challenge that came with the refusal is good.
  assert.equal(viewOf(await browser.refresh({ tries: 1 })).session.generation, 3);
});

Deno.test("a challenge of an hour ago is good while the session has not moved on", async () => {
  const signedIn = await signInBound();
  const { browser, sessionId } = signedIn;
  await pass(signedIn);
  browser.challenge = forge.challenge({ sessionId, generation: 1, ageSeconds: 3_700 });
  assert.equal(viewOf(await browser.refresh({ tries: 1 })).session.generation, 2);
});

Deno.test("a proof for another route, or by a broken signature, is none", async () => {
  const signedIn = await signInBound();
  const { browser } = signedIn;
  await pass(signedIn);
  const { key, challenge } = browser;
  const forRefresh = await key?.prove({ route: "refresh", challenge }) ?? "";
  assertProofRequired(await browser.validate({ proof: forRefresh }));
  const broken = forRefresh.slice(0, -4) + (forRefresh.endsWith("AAAA") ? "BBBB" : "AAAA");
  assertProofRequired(await browser.refresh({ proof: broken }));
});

Deno.test("a recorded request changes nothing once the session has moved on, and yields no token that lasts", async () => {
  const signedIn = await signInBound();
  const { browser, sessionId } = signedIn;
  await pass(signedIn);
  const recorded = browser.copy();
  const proof = await browser.prove("/refresh");
  await browser.refresh();
  // Within the reuse interval it is answered what its owner was answered.
  const replayed = await recorded.refresh({ proof, lost: true });
  assert.equal(viewOf(replayed).session.generation, 2);
  const thief = recorded.copy({ key: null });
  thief.keep(replayed);
  await pass(signedIn);
  assertProofRequired(await thief.refresh());
  // Later its challenge is outdated, no matter whose key it is.
  const old = forge.challenge({ sessionId, generation: 1, ageSeconds: 300 });
  const late = await browser.key?.prove({ route: "refresh", challenge: old }) ?? "";
  assertProofRequired(await recorded.refresh({ proof: late }));
  assert.equal(viewOf(await browser.refresh()).session.generation, 3);
});

Deno.test("a recorded validate that rotated nothing yields one access token, and its owner goes on", async () => {
  const signedIn = await signInBound();
  const { browser, sessionId } = signedIn;
  browser.challenge = forge.challenge({ sessionId, generation: 1, ageSeconds: 600 });
  const proof = await browser.prove("/validate");
  assert.equal(viewOf(await browser.validate({ proof })).refreshed, false);
  await pass(signedIn);
  const thief = browser.copy({ key: null });
  thief.cookies.delete(ACCESS_COOKIE);
  assert.equal(viewOf(await thief.validate({ proof })).session.generation, 2);
  await pass(signedIn);
  thief.cookies.delete(ACCESS_COOKIE);
  for (const refused of [await thief.validate({ proof }), await thief.refresh()]) {
    assertProofRequired(refused);
  }
  assert.equal(viewOf(await browser.refresh()).session.generation, 2);
});

Deno.test("a thief with another key is refused while the owner is active, and it is recorded once an hour", async () => {
  const signedIn = await signInBound();
  const { browser, sessionId } = signedIn;
  await pass(signedIn);
  const thief = browser.copy({ key: await createProofKey() });
  for (let tries = 0; tries < 3; tries++) {
    const answer = await thief.refresh();
    assertRefused(answer, "proof_key_unknown");
    assert.match(answer.headers.get("www-authenticate") ?? "", /^DPoP error="invalid_dpop_proof"/);
    assertRefused(await thief.validate(), "proof_key_unknown");
  }
  assert.equal(await countEvents(sql, sessionId, "proof_refused"), 1);
  assert.equal(viewOf(await browser.refresh()).session.generation, 2);
});

Deno.test("a thief who took over a quiet session is found when the owner returns", async () => {
  const signedIn = await signInBound();
  const { browser, sessionId } = signedIn;
  const thief = browser.copy({ key: await createProofKey() });
  await pass(signedIn, 25 * 3_600);
  assert.equal(viewOf(await thief.refresh()).session.bound, true);
  assertSessionEnded(await browser.refresh(), "refresh_token_already_used");
  assertSessionEnded(await thief.validate(), "refresh_token_already_used");
  assert.equal((await fixture.readSession(sessionId))["revoked_reason"], "reused");
});

Deno.test("an owner who lost the key ends the thief's session by signing in", async () => {
  const signedIn = await signInBound();
  const { browser, sessionId, person } = signedIn;
  const thief = browser.copy({ key: await createProofKey() });
  await pass(signedIn, 25 * 3_600);
  viewOf(await thief.refresh());
  browser.key = await createProofKey();
  assertRefused(await browser.refresh(), "proof_key_unknown");
  assert.notEqual((await browser.login(person)).session.id, sessionId);
  assert.equal((await fixture.readSession(sessionId))["revoked_reason"], "reused");
  assertSessionEnded(await thief.refresh(), "refresh_token_already_used");
});

Deno.test("an honest sign-in with the same key replaces the browser's session", async () => {
  const { browser, sessionId, person } = await signInBound();
  await browser.login(person);
  assert.equal((await fixture.readSession(sessionId))["revoked_reason"], "replaced");
});

Deno.test("two tabs with a new key after a week away share the session", async () => {
  const signedIn = await signInBound();
  const { browser, sessionId } = signedIn;
  const key = await createProofKey();
  const tabs = [browser.copy({ key }), browser.copy({ key })];
  await pass(signedIn, 8 * 86_400);
  const views = await Promise.all(tabs.map(async (tab) => viewOf(await tab.refresh())));
  for (const { session } of views) {
    assert.deepEqual({ generation: session.generation, bound: session.bound }, {
      generation: 2,
      bound: true,
    });
  }
  assert.equal(tabs[0]?.refreshToken, tabs[1]?.refreshToken);
  assert.equal(await keyOf(sessionId), key.thumbprint);
});

Deno.test("a hundred tabs with cookies of an older generation are all served", async () => {
  const signedIn = await signInBound();
  const { browser, sessionId } = signedIn;
  const tabs = Array.from({ length: 100 }, () => browser.copy());
  for (let rotations = 0; rotations < 2; rotations++) {
    await ageSession(sql, sessionId, 120);
    viewOf(await browser.refresh());
  }
  const asked = await Promise.all(tabs.map((tab) => askUntilAnswered(() => tab.refresh())));
  assert.deepEqual(new Set(asked.map(({ answer }) => codeOf(answer))), new Set(["200"]));
  await ageSession(sql, sessionId, 120);
  for (const tab of tabs.slice(0, 3)) viewOf(await tab.refresh());
});

Deno.test("only a proof that is needed is checked: a proof beside a live access token may be anything", async () => {
  const { browser } = await signInBound();
  assert.equal(viewOf(await browser.validate({ proof: "junk" })).refreshed, false);
});

Deno.test("preflights let the proof in, and answers let the challenge out", async () => {
  const origin = "http://localhost:5173";
  const project = await openHttpFixture({
    functions: ["unified-auth"],
    environment: { SESSION_ALLOWED_ORIGINS: origin },
  });
  try {
    const { browser, view } = await project.signIn({ key: await createProofKey() });
    assert.equal(view.session.bound, true, "one origin, and a loopback one");
    const preflight = await fetch(`${project.stack.functionsUrl}/unified-auth/refresh`, {
      method: "OPTIONS",
      headers: { origin, "access-control-request-headers": "dpop" },
    });
    assert.match(preflight.headers.get("access-control-allow-headers") ?? "", /(^|, )dpop($|,)/);
    const answer = await browser.refresh({ proof: null, headers: { origin } });
    const exposed = answer.headers.get("access-control-expose-headers") ?? "";
    for (const name of ["DPoP-Nonce", "WWW-Authenticate"]) assert.ok(exposed.includes(name), name);
  } finally {
    await project.close();
  }
});
