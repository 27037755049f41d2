import assert from "node:assert/strict";
import { totpCode } from "../../../local/platform/auth/totp.ts";
import { type Browser, viewOf } from "../http/browser.ts";
import { countIdentitySessions } from "../http/people.ts";
import { assertRefused } from "../http/refusal.ts";
import { NO_ANSWERS, openOutageFixture } from "./outage_fixture.ts";
import { createSoftwarePasskey } from "./software_passkey.ts";

const fixture = await openOutageFixture();
Deno.test.afterAll(() => fixture.close());

const { stack, sql, post, put, lastMessage, openAtFault, whileAway, whileDatabaseIsAway } = fixture;
const NEW_PASSWORD = "another-horse-battery-staple";
const ENROLL = { factor_type: "totp", friendly_name: "Mine" };

async function signIn() {
  const [person, browser] = [await fixture.createPerson(), openAtFault()];
  await browser.login(person);
  return { person, browser };
}

/** Signed in at `aal2`, and the factor given again for a change. */
async function beginChange() {
  const person = await fixture.createPerson();
  const [app, browser] = [await fixture.addTotp(person), openAtFault()];
  const verify = () => post(browser, "/mfa/verify", { factor_id: app.id, code: app.code() });
  await post(browser, "/login", { email: person.email, password: person.password });
  viewOf(await verify());
  await put(browser, "/password", { current_password: person.password, password: NEW_PASSWORD });
  const passed = await verify();
  assert.equal(passed.body["status"], "reauthenticated");
  return { person, app, browser };
}

async function optionsOf(browser: Browser, body: object = {}) {
  const answer = await post(browser, "/passkeys/options", body);
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return answer.body["options"] as Readonly<Record<string, unknown>>;
}

Deno.test("a text message that Supabase Auth did not send is sent by the next try", async () => {
  const [person, id] = [await fixture.createPerson(), crypto.randomUUID()];
  await sql`
    insert into auth.mfa_factors (
      id, user_id, friendly_name, factor_type, status, secret, phone, created_at, updated_at
    ) values (${id}, ${person.id}, 'Phone', 'phone', 'verified', '', '4915550077', now(), now())`;
  const browser = openAtFault();
  await post(browser, "/login", { email: person.email, password: person.password });
  await whileAway(/\/challenge$/, async () => {
    const challenge = await post(browser, "/mfa/challenge", { factor_id: id });
    assertRefused(challenge, "service_unavailable");
  });
  assert.equal((await post(browser, "/mfa/challenge", { factor_id: id })).status, 200);
  const verify = { factor_id: id, code: lastMessage("+4915550077").token };
  await whileAway(/\/verify$/, async () => {
    assertRefused(await post(browser, "/mfa/verify", verify), "service_unavailable");
  });
  viewOf(await post(browser, "/mfa/verify", verify));
});

Deno.test("an account that was consented to is signed in by the next try", async () => {
  const person = await fixture.createPerson();
  await post(openAtFault(), "/otp", { email: person.email });
  const browser = openAtFault();
  const redeem = { token_hash: lastMessage(person.email).tokenHash, type: "magiclink" };
  await post(browser, "/verify", redeem);
  await whileDatabaseIsAway("create_session", async () => {
    assert.equal((await post(browser, "/verify", { consent: true })).status, 503);
  });
  assert.equal(viewOf(await post(browser, "/verify", { consent: true })).user.id, person.id);
  assert.equal(await countIdentitySessions(fixture, person), 0);
});

Deno.test("a passkey that was not judged, or whose session was not made, is taken by the next try", async () => {
  const { browser: owner, person } = await signIn();
  const passkey = createSoftwarePasskey(stack.baseUrl);
  const registration = await optionsOf(owner, { purpose: "registration" });
  await post(owner, "/passkeys/verify", { credential: passkey.register(registration) });

  const browser = openAtFault();
  await whileAway(/authentication\/options/, async () => {
    assertRefused(await post(browser, "/passkeys/options", {}), "service_unavailable");
  });
  const verify = { credential: passkey.authenticate(await optionsOf(browser)) };
  for (const answer of Object.values(NO_ANSWERS)) {
    await whileAway(/authentication\/verify/, async () => {
      assertRefused(await post(browser, "/passkeys/verify", verify), "service_unavailable");
    }, answer);
  }
  await whileDatabaseIsAway("create_session", async () => {
    assert.equal((await post(browser, "/passkeys/verify", verify)).status, 503);
  });
  assert.equal(viewOf(await post(browser, "/passkeys/verify", verify)).user.id, person.id);
  assert.equal(await countIdentitySessions(fixture, person), 0);
});

Deno.test("a passkey that was not registered is registered by the next try", async () => {
  const { browser, person } = await signIn();
  const passkey = createSoftwarePasskey(stack.baseUrl);
  const purpose = { purpose: "registration" };
  for (const step of [/generate_link/, /registration\/options/]) {
    await whileAway(step, async () => {
      assertRefused(await post(browser, "/passkeys/options", purpose), "service_unavailable");
    });
  }
  const verify = { credential: passkey.register(await optionsOf(browser, purpose)) };
  await whileAway(/registration\/verify/, async () => {
    assertRefused(await post(browser, "/passkeys/verify", verify), "service_unavailable");
  });
  assert.equal((await post(browser, "/passkeys/verify", verify)).status, 201);
  assert.equal((await browser.validate()).status, 200);
  assert.equal(await countIdentitySessions(fixture, person), 0);
});

Deno.test("an outage after a right current password takes back no wrong one", async () => {
  const { browser, person } = await signIn();
  const enroll = (current_password: string) =>
    post(browser, "/mfa/factors", { ...ENROLL, current_password });
  const countFailures = async () => {
    const [row] = await sql`select sum(failures)::int as failures from unified_auth.login_throttle`;
    return row?.["failures"];
  };
  assertRefused(await enroll("wrong"), "current_password_invalid");
  const failures = await countFailures();
  await whileAway(/GET .*\/user$/, async () => {
    assertRefused(await enroll(person.password), "service_unavailable");
  });
  assert.equal(await countFailures(), failures);
});

Deno.test("a factor that was not enrolled is enrolled by the next try", async () => {
  const { browser, person } = await signIn();
  const enroll = { ...ENROLL, current_password: person.password };
  for (const step of [/grant_type=password/, /GET .*\/user$/, /POST .*\/factors$/]) {
    await whileAway(step, async () => {
      assertRefused(await post(browser, "/mfa/factors", enroll), "service_unavailable");
    });
    assert.equal(await countIdentitySessions(fixture, person), 0);
  }
  const enrolled = await post(browser, "/mfa/factors", enroll);
  assert.equal(enrolled.status, 200, JSON.stringify(enrolled.body));
  const { factor, totp } = enrolled.body as { factor: { id: string }; totp: { secret: string } };
  const verify = { factor_id: factor.id, code: totpCode(totp.secret, Date.now()) };
  await whileAway(/\/factors\/.*\/verify$/, async () => {
    assertRefused(await post(browser, "/mfa/verify", verify), "service_unavailable");
  });
  assert.equal(viewOf(await post(browser, "/mfa/verify", verify)).session.aal, "aal2");
});

Deno.test("a factor that was not removed is removed by the next try, without its code again", async () => {
  const { app, browser, person } = await beginChange();
  const remove = () =>
    browser.call(`/unified-auth/mfa/factors/${app.id}`, { method: "DELETE", body: {} });
  await whileAway(/DELETE .*\/factors\//, async () => {
    assertRefused(await remove(), "service_unavailable");
  });
  assert.deepEqual((await remove()).body, { removed: true });
  assert.equal((await browser.validate()).status, 200);
  assert.equal(await countIdentitySessions(fixture, person), 0);
});

Deno.test("a password that was not changed is changed by the next try, without the factor's code again", async () => {
  const { browser, person } = await beginChange();
  const change = { password: NEW_PASSWORD };
  await whileAway(/PUT .*\/user$/, async () => {
    assertRefused(await put(browser, "/password", change), "service_unavailable");
  });
  viewOf(await put(browser, "/password", change));
  assert.equal(await countIdentitySessions(fixture, person), 0);
});
