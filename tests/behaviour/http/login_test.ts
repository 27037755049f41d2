import assert from "node:assert/strict";
import { type Answer, CHROME, viewOf } from "./browser.ts";
import { openHttpFixture, type Person } from "./fixture.ts";
import { addVerifiedFactor, changeUser, countIdentitySessions } from "./people.ts";
import { assertRefused, assertSessionEnded } from "./refusal.ts";

const fixture = await openHttpFixture({ functions: ["unified-auth"] });
Deno.test.afterAll(() => fixture.close());

const { sql } = fixture;

function logIn(
  { email, password }: Pick<Person, "email" | "password">,
  more: Readonly<Record<string, unknown>> = {},
): Promise<Answer> {
  return fixture.openBrowser().call("/unified-auth/login", { body: { email, password, ...more } });
}

Deno.test("a password opens a session and leaves none at Supabase Auth", async () => {
  const person = await fixture.createPerson();
  const answer = await logIn(person, { device_name: "Kitchen 🍳" });
  const { user, session, refreshed } = viewOf(answer);
  assert.deepEqual({ id: user.id, email: user.email, refreshed }, {
    id: person.id,
    email: person.email,
    refreshed: false,
  });
  assert.deepEqual([session.generation, session.aal], [1, "aal1"]);
  assert.equal((await fixture.readSession(session.id))["device_name"], "Kitchen 🍳");
  assert.equal(await countIdentitySessions(fixture, person), 0);
});

Deno.test("blanks around an e-mail address, as a phone's keyboard leaves them, do not count", async () => {
  const person = await fixture.createPerson();
  for (const email of [`${person.email} `, ` ${person.email}`, `\t${person.email}\n\u00a0`]) {
    assert.equal(viewOf(await logIn({ ...person, email })).user.id, person.id);
  }
  assertRefused(await logIn({ ...person, email: `a b${person.email}` }), "validation_failed");
});

Deno.test("a wrong password, an unknown user and a banned one are one answer in one time", async () => {
  const [known, banned] = [await fixture.createPerson(), await fixture.createPerson()];
  await changeUser(fixture, banned, { ban_duration: "24h" });
  const attempts = [
    { email: known.email, password: "swordfish" },
    { email: "nobody@example.com", password: "swordfish" },
    { email: banned.email, password: banned.password },
    { email: banned.email, password: "swordfish" },
  ];
  const answers = await Promise.all(attempts.map(async (attempt) => {
    const startedAt = performance.now();
    const answer = await logIn(attempt);
    return { answer, elapsedMs: performance.now() - startedAt };
  }));
  for (const { answer, elapsedMs } of answers) {
    assertRefused(answer, "invalid_credentials");
    assert.ok(elapsedMs >= 500, `answered after ${elapsedMs} ms, before the first step`);
  }
  const bodies = answers.map(({ answer: { body: { request_id: _, ...rest } } }) => rest);
  assert.equal(new Set(bodies.map((body) => JSON.stringify(body))).size, 1);
  const [row] = await sql`
    select count(*)::int as failures, count(distinct detail ->> 'account')::int as accounts
    from public.session_events where event = 'login_failed'`;
  assert.deepEqual({ ...row }, { failures: 4, accounts: 3 });
});

Deno.test("an address that is not confirmed is refused as that once the password is right, recorded, and no failure", async () => {
  const person = await fixture.createPerson();
  await sql`update auth.users set email_confirmed_at = null where id = ${person.id}`;
  const { email, password } = person;
  const browser = fixture.openBrowser();
  const logIn = () => browser.call("/unified-auth/login", { body: { email, password } });
  for (let at = 0; at < 8; at += 1) assertRefused(await logIn(), "email_not_confirmed");
  const reasons = await sql`
    select distinct detail ->> 'reason' as reason
    from public.session_events where detail ->> 'reason' like 'email%'`;
  assert.deepEqual(reasons.map(({ reason }) => reason), ["email_not_confirmed"]);
});

Deno.test("a password alone signs nobody in who has a second factor", async () => {
  const person = await fixture.createPerson();
  await addVerifiedFactor(fixture, person);
  const { status, body, setCookies } = await logIn(person);
  assert.deepEqual([status, body["code"]], [403, "mfa_required"]);
  assert.ok(setCookies.every((line) => line.startsWith("__Host-sign_in_pending=")));
  // Supabase Auth's half-done session, sealed in that cookie: tests/behaviour/sign_in/factor_test.ts goes on.
  assert.equal(await countIdentitySessions(fixture, person), 1);
  assert.equal((await sql`select 1 from public.sessions where user_id = ${person.id}`).length, 0);
});

Deno.test("who signs in again in the same browser keeps one place", async () => {
  const { browser, person, sessionId } = await fixture.signIn();
  const { session } = await browser.login(person);
  assert.notEqual(session.id, sessionId);
  const { is_valid, revoked_reason } = await fixture.readSession(sessionId);
  assert.deepEqual({ is_valid, revoked_reason }, { is_valid: false, revoked_reason: "replaced" });
  const rows = await sql`
    select 1 from public.sessions where user_id = ${person.id} and is_valid`;
  assert.equal(rows.length, 1);
});

Deno.test("another person who signs in in the same browser takes the place over", async () => {
  const { browser, sessionId } = await fixture.signIn();
  const other = await fixture.createPerson();
  assert.equal((await browser.login(other)).user.id, other.id);
  assert.equal((await fixture.readSession(sessionId))["revoked_reason"], "replaced");
});

Deno.test("the sixth sign-in ends the least recently active session, whose next answer says why", async () => {
  const { browser: first, person } = await fixture.signIn();
  const others = [];
  for (let at = 0; at < 4; at += 1) {
    const browser = fixture.openBrowser({ userAgent: CHROME });
    await browser.login(person);
    others.push(browser);
  }
  // The first is the oldest, but it is in use.
  await sql`
    update public.sessions set last_active_at = last_active_at - interval '1 hour'
    where user_id = ${person.id}`;
  assert.equal((await first.validate()).status, 200);

  const sixth = fixture.openBrowser();
  await sixth.login(person);
  const [evicted, ...alive] = others;
  assert.ok(evicted);
  for (const browser of [first, sixth, ...alive]) {
    assert.equal((await browser.validate()).status, 200);
  }
  assertSessionEnded(await evicted.validate(), "session_evicted");
  assert.deepEqual([...evicted.cookies.keys()], [], "the cookies are cleared");
});
