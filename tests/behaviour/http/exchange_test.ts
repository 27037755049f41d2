import assert from "node:assert/strict";
import { decodeJwt, importJWK, type JWK, SignJWT } from "jose";
import { makeSecrets } from "../../../local/platform/secrets.ts";
import { type Answer, viewOf } from "./browser.ts";
import { openHttpFixture } from "./fixture.ts";
import { addVerifiedFactor, changeUser, countIdentitySessions } from "./people.ts";
import { signInToSupabaseAuth } from "./people.ts";
import { assertRefused } from "./refusal.ts";

const secrets = await makeSecrets();
const fixture = await openHttpFixture({ functions: ["unified-auth"], secrets });
Deno.test.afterAll(() => fixture.close());

function exchange(token: string): Promise<Answer> {
  return fixture.openBrowser().call("/unified-auth/login", {
    body: { supabase_access_token: token },
  });
}

/** The same token as Supabase Auth would sign it with other claims. */
async function signAs(
  token: string,
  change: Readonly<Record<string, unknown>>,
  key: JWK = secrets.authSigningKey,
): Promise<string> {
  return await new SignJWT({ ...decodeJwt(token), ...change })
    .setProtectedHeader({ alg: "ES256", typ: "JWT", kid: secrets.authSigningKey.kid ?? "" })
    .sign(await importJWK(key, "ES256"));
}

Deno.test("a token of Supabase Auth is exchanged once, and its own session is dropped", async () => {
  const person = await fixture.createPerson();
  const token = await signInToSupabaseAuth(fixture, person);
  assert.equal(await countIdentitySessions(fixture, person), 1);

  const { user, session } = viewOf(await exchange(token));
  assert.deepEqual([user.id, session.aal], [person.id, "aal1"]);
  assert.equal(await countIdentitySessions(fixture, person), 0);
  assertRefused(await exchange(token), "bad_jwt");
});

Deno.test("a token that was signed out, forged, expired, or whose user is banned or gone is refused", async () => {
  const person = await fixture.createPerson();
  const signedOut = await signInToSupabaseAuth(fixture, person);
  await fixture.sql`delete from auth.sessions where user_id = ${person.id}`;
  const token = await signInToSupabaseAuth(fixture, person);
  const otherKey = (await makeSecrets()).authSigningKey;
  const { browser } = await fixture.signIn();

  assertRefused(await exchange(signedOut), "bad_jwt", "signed out");
  assertRefused(await exchange(await signAs(token, {}, otherKey)), "bad_jwt", "another key");
  assertRefused(await exchange(await signAs(token, { exp: 1_700_000_000 })), "bad_jwt", "expired");
  assertRefused(await exchange(await signAs(token, { sub: crypto.randomUUID() })), "bad_jwt");
  assertRefused(await exchange(await signAs(token, { session_id: "x" })), "bad_jwt");
  assertRefused(await exchange("junk"), "bad_jwt");
  assertRefused(await exchange(browser.accessToken ?? ""), "bad_jwt", "one of ours");
  assertRefused(await exchange(fixture.stack.keys.anon), "bad_jwt", "a key of the project");

  await changeUser(fixture, person, { ban_duration: "24h" });
  assertRefused(await exchange(token), "bad_jwt", "banned");
  await fixture.sql`delete from auth.users where id = ${person.id}`;
  assertRefused(await exchange(token), "bad_jwt", "deleted");
});

Deno.test("who has a second factor is signed in by an aal2 token and by no aal1 token", async () => {
  const person = await fixture.createPerson();
  await addVerifiedFactor(fixture, person);
  const aal1 = await signInToSupabaseAuth(fixture, person);
  assertRefused(await exchange(aal1), "mfa_required");
  assert.equal(await countIdentitySessions(fixture, person), 1, "MFA can still be finished");

  const amr = [{ method: "password", timestamp: 1 }, { method: "totp", timestamp: 2 }];
  const { session } = viewOf(await exchange(await signAs(aal1, { aal: "aal2", amr })));
  assert.equal(session.aal, "aal2");
  assert.deepEqual((await fixture.readSession(session.id))["amr"], amr);
  assert.equal(await countIdentitySessions(fixture, person), 0);
});

Deno.test("a token is exchanged whatever its user has written into their metadata", async () => {
  const person = await fixture.createPerson();
  for (const kibibytes of [6, 13, 40]) {
    await fixture.sql`
      update auth.users
      set raw_user_meta_data = jsonb_build_object('avatar', repeat('A', ${kibibytes * 1024}))
      where id = ${person.id}`;
    const token = await signInToSupabaseAuth(fixture, person);
    assert.ok(token.length > kibibytes * 1024, `${token.length}`);
    assert.equal(viewOf(await exchange(token)).user.id, person.id);
  }
});

/** Tokens that Supabase Auth signs with the same key, and `GET /user` takes, for another application. */
const TOKENS_OF_OTHERS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  "an OAuth client's access token": { client_id: crypto.randomUUID(), scope: "email" },
  "an OAuth client's token whose id is no uuid": { client_id: "client" },
  "an ID token": {
    session_id: undefined,
    role: undefined,
    aal: undefined,
    aud: crypto.randomUUID(),
    nonce: "n",
  },
  "a token without a session": { session_id: undefined },
  "a token with an empty session": { session_id: "" },
  "a token with no session": { session_id: null },
};

Deno.test("a token that Supabase Auth gave to another application is no sign-in, and ends nothing", async () => {
  const { person, browser } = await fixture.signIn();
  const token = await signInToSupabaseAuth(fixture, person);
  for (const [what, change] of Object.entries(TOKENS_OF_OTHERS)) {
    assertRefused(await exchange(await signAs(token, change)), "bad_jwt", what);
  }
  assert.equal(await countIdentitySessions(fixture, person), 1);
  viewOf(await browser.validate());
  const [live] = await fixture.sql`
    select count(*)::int as count from public.sessions where user_id = ${person.id} and is_valid`;
  assert.equal(live?.["count"], 1);
  viewOf(await exchange(await signAs(token, { client_id: null })));
});
