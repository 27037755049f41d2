import assert from "node:assert/strict";
import { totpCode } from "../../../local/platform/auth/totp.ts";
import { codeOf } from "../http/browser.ts";
import { countIdentitySessions } from "../http/people.ts";
import { openSignInFixture } from "./sign_in_fixture.ts";
import { createSoftwarePasskey } from "./software_passkey.ts";

const fixture = await openSignInFixture();
Deno.test.afterAll(() => fixture.close());

const { stack, sql, post } = fixture;

Deno.test("a factor that a session has half enrolled ends with it", async () => {
  const { person, browser } = await fixture.signIn();
  const thief = browser.copy();
  const enroll = { factor_type: "totp", friendly_name: "Mine" };
  const { factor, totp } = (await post(thief, "/mfa/factors", enroll)).body as {
    factor: { id: string };
    totp: { secret: string };
  };
  await browser.logout("global");
  const code = totpCode(totp.secret, Date.now());
  const answer = await post(thief, "/mfa/verify", { factor_id: factor.id, code });
  assert.equal(codeOf(answer), "flow_state_expired");
  const rows = await sql`select status from auth.mfa_factors where user_id = ${person.id}`;
  assert.deepEqual(rows.map(({ status }) => status), ["unverified"]);
  assert.equal(await countIdentitySessions(fixture, person), 0);
});

Deno.test("a passkey that a session has half registered ends with it", async () => {
  const { person, browser } = await fixture.signIn();
  const thief = browser.copy();
  const passkey = createSoftwarePasskey(stack.baseUrl);
  const { body } = await post(thief, "/passkeys/options", { purpose: "registration" });
  const credential = passkey.register(body["options"] as Readonly<Record<string, unknown>>);
  await browser.logout("global");
  assert.equal(codeOf(await post(thief, "/passkeys/verify", { credential })), "flow_state_expired");
  const rows = await sql`select id from auth.webauthn_credentials where user_id = ${person.id}`;
  assert.equal(rows.length, 0);
  assert.equal(await countIdentitySessions(fixture, person), 0);
});
