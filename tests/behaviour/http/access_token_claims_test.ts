import assert from "node:assert/strict";
import { decodeJwt } from "jose";
import { ageSession } from "../../../local/testing/aging.ts";
import { ACCESS_COOKIE, type Answer, type Browser, viewOf } from "./browser.ts";
import type { SessionView } from "../../../supabase/functions/_shared/http/schemas.ts";
import { openHttpFixture } from "./fixture.ts";
import { addVerifiedFactor, signInToSupabaseAuth } from "./people.ts";
import { assertRefused } from "./refusal.ts";

const fixture = await openHttpFixture({
  functions: ["unified-auth"],
  environment: { SESSION_ALLOWED_ROLES: "authenticated limited" },
});
Deno.test.afterAll(() => fixture.close());

const { sql } = fixture;

const NEVER = [
  ...["service_role", "anon", "postgres", "authenticator", "supabase_admin"],
  ...["supabase_auth_admin", "dashboard_user", "pg_read_all_data", "somebody", "", null],
];

function claimsOf(browser: Browser): Readonly<Record<string, unknown>> {
  return decodeJwt(browser.accessToken ?? "");
}

async function setRole(id: string, role: string | null): Promise<void> {
  await sql`update auth.users set role = ${role} where id = ${id}`;
}

/** As long after its login as a browser comes back. */
async function comeBack(browser: Browser, sessionId: string): Promise<Answer> {
  await ageSession(sql, sessionId, 3700);
  return await browser.refresh();
}

Deno.test("an access token says what Supabase Auth's says, at each minting anew", async () => {
  const person = await fixture.createPerson();
  await sql`update auth.users set phone = '4915112345678' where id = ${person.id}`;
  const browser = fixture.openBrowser();
  const view = await browser.login(person);
  const said = { role: "authenticated", is_anonymous: false, phone: "4915112345678" };
  const { role, is_anonymous, phone } = claimsOf(browser);
  assert.deepEqual({ role, is_anonymous, phone }, said);
  assert.deepEqual({
    role: view.user.role,
    is_anonymous: view.user.is_anonymous,
    phone: view.user.phone,
  }, { role: "authenticated", is_anonymous: false, phone: "4915112345678" });

  await sql`
    update auth.users set role = 'limited', is_anonymous = true, phone = null
    where id = ${person.id}`;
  const { user } = viewOf(await comeBack(browser, view.session.id));
  const later = claimsOf(browser);
  assert.deepEqual([later["role"], later["is_anonymous"], later["phone"]], [
    "limited",
    true,
    undefined,
  ]);
  assert.deepEqual({ role: user.role, is_anonymous: user.is_anonymous, phone: user.phone }, {
    role: "limited",
    is_anonymous: true,
    phone: null,
  });
});

Deno.test("login, validate and refresh answer the token's expiry in Unix seconds, as supabase-js has it", async () => {
  const browser = fixture.openBrowser();
  const assertExpiry = ({ session }: SessionView) => {
    assert.equal(session.expires_at, claimsOf(browser)["exp"]);
    assert.equal(session.expires_at * 1000, Date.parse(session.access_token_expires_at));
  };
  const signedIn = await browser.login(await fixture.createPerson());
  assertExpiry(signedIn);
  assertExpiry(viewOf(await browser.validate()));
  const refreshed = viewOf(await comeBack(browser, signedIn.session.id));
  assertExpiry(refreshed);
});

Deno.test("an anonymous user who exchanges a token stays anonymous to row level security", async () => {
  const person = await fixture.createPerson();
  await sql`update auth.users set is_anonymous = true where id = ${person.id}`;
  const supabase_access_token = await signInToSupabaseAuth(fixture, person);
  const browser = fixture.openBrowser();
  const view = viewOf(
    await browser.call("/unified-auth/login", { body: { supabase_access_token } }),
  );
  assert.deepEqual([view.user.is_anonymous, claimsOf(browser)["is_anonymous"]], [true, true]);
});

Deno.test("a user of a role that is not on the list is not signed in, and has no session", async () => {
  const person = await fixture.createPerson();
  for (const role of NEVER) {
    await setRole(person.id, role);
    const browser = fixture.openBrowser();
    const { email, password } = person;
    assertRefused(
      await browser.call("/unified-auth/login", { body: { email, password } }),
      "role_not_allowed",
      `${role}`,
    );
    await sql`delete from unified_auth.login_throttle`;
  }
  const rows = await sql`select 1 from public.sessions where user_id = ${person.id}`;
  assert.equal(rows.length, 0);
});

Deno.test("nor is a session refreshed while the role is not on the list, and it goes on after that", async () => {
  const { browser, person, sessionId } = await fixture.signIn();
  for (const role of NEVER) {
    await setRole(person.id, role);
    assertRefused(await comeBack(browser, sessionId), "role_not_allowed", `${role}`);
    browser.cookies.delete(ACCESS_COOKIE); // validate would still accept it
    assertRefused(await browser.validate(), "role_not_allowed", `${role}`);
  }
  assert.equal((await fixture.readSession(sessionId))["is_valid"], true);
  await setRole(person.id, "authenticated");
  assert.equal(viewOf(await browser.refresh()).session.id, sessionId);
});

Deno.test("a session whose user has no verified factor left is refreshed at aal1", async () => {
  const { browser, person, sessionId } = await fixture.signIn();
  await addVerifiedFactor(fixture, person);
  const amr = [
    { method: "password", timestamp: 1 },
    { method: "totp", timestamp: 2 },
    { method: "mfa/phone", timestamp: 3 },
    { method: "mfa/webauthn", timestamp: 4 },
  ];
  await sql`update public.sessions set aal = 'aal2', amr = ${
    sql.json(amr)
  } where id = ${sessionId}`;
  assert.equal(viewOf(await comeBack(browser, sessionId)).session.aal, "aal2");
  assert.deepEqual([claimsOf(browser)["aal"], claimsOf(browser)["amr"]], ["aal2", amr]);

  await sql`update auth.mfa_factors set status = 'unverified' where user_id = ${person.id}`;
  assert.equal(viewOf(await comeBack(browser, sessionId)).session.aal, "aal1");
  assert.deepEqual(
    [claimsOf(browser)["aal"], claimsOf(browser)["amr"]],
    ["aal1", [{ method: "password", timestamp: 1 }]],
  );
  assert.equal((await fixture.readSession(sessionId))["aal"], "aal1");
});

Deno.test("a session of Supabase Auth that belongs to an OAuth client is exchanged for none", async () => {
  const person = await fixture.createPerson();
  const supabase_access_token = await signInToSupabaseAuth(fixture, person);
  // A hook may have taken client_id out of the token.
  await sql`
    update auth.sessions set oauth_client_id = gen_random_uuid() where user_id = ${person.id}`;
  const exchange = () =>
    fixture.openBrowser().call("/unified-auth/login", { body: { supabase_access_token } });
  assertRefused(await exchange(), "bad_jwt");
  const [theirs] = await sql`
    select count(*)::int as count from auth.sessions where user_id = ${person.id}`;
  assert.equal(theirs?.["count"], 1, "the client's session goes on");
});

Deno.test("one token is exchanged for one session, of sixty exchanges that come at once", async () => {
  const person = await fixture.createPerson();
  const supabase_access_token = await signInToSupabaseAuth(fixture, person);
  const answers = await Promise.all(
    Array.from(
      { length: 60 },
      () => fixture.openBrowser().call("/unified-auth/login", { body: { supabase_access_token } }),
    ),
  );
  const signedIn = answers.filter(({ status }) => status === 200);
  assert.equal(signedIn.length, 1);
  for (const answer of answers) {
    if (answer.status !== 200) assertRefused(answer, "bad_jwt");
  }
  const rows = await sql`select 1 from public.sessions where user_id = ${person.id}`;
  assert.equal(rows.length, 1);
});
