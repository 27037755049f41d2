import assert from "node:assert/strict";
import { ageSession } from "../../../local/testing/aging.ts";
import { totpCode } from "../../../local/platform/auth/totp.ts";
import { type Answer, type Browser, codeOf } from "../http/browser.ts";
import { openSealedCookieClock } from "./sealed_cookie_clock.ts";
import { openSignInFixture } from "./sign_in_fixture.ts";
import { createSoftwarePasskey } from "./software_passkey.ts";

const fixture = await openSignInFixture();
Deno.test.afterAll(() => fixture.close());

const { stack, sql, post, put, visit, passProvider, lastMessage } = fixture;
const clock = openSealedCookieClock(stack);
const NEW_PASSWORD = "another-horse-battery-staple";

/** A flow that waits for its next step. */
interface Begun {
  readonly browser: Browser;
  /** Takes the step; answers what came of it: a code, or 200. */
  finish(): Promise<string>;
}

interface Flow {
  readonly lifetimeSeconds: number;
  /** Of a step that is taken too late. */
  readonly refusal: string;
  begin(): Promise<Begun>;
}

/** A step's result: the status of a half-done sign-in, a code, or 200. */
const nameOf = (answer: Answer) => String(answer.body["status"] ?? codeOf(answer));

async function requestLink(path: "/otp" | "/recover") {
  const [browser, { email }] = [fixture.openBrowser(), await fixture.createPerson()];
  await post(browser, path, { email });
  return { browser, tokenHash: lastMessage(email).tokenHash };
}

async function logInWithFactor() {
  const person = await fixture.createPerson();
  const [app, browser] = [await fixture.addTotp(person), fixture.openBrowser()];
  await post(browser, "/login", { email: person.email, password: person.password });
  const verify = () => post(browser, "/mfa/verify", { factor_id: app.id, code: app.code() });
  return { person, browser, verify };
}

const FLOWS: Readonly<Record<string, Flow>> = {
  "the verifier of an OAuth flow": {
    lifetimeSeconds: 300,
    refusal: "flow_state_not_found",
    async begin() {
      const browser = fixture.openBrowser();
      const start = await visit(browser, "/authorize?provider=keycloak");
      const back = await passProvider(start, await fixture.createPerson());
      return {
        browser,
        async finish() {
          const { location } = await visit(browser, back);
          return new URL(location).searchParams.get("auth_error") ??
            String((await browser.validate()).status);
        },
      };
    },
  },
  "that this browser asked for a mail": {
    lifetimeSeconds: 3600,
    refusal: "consent_required",
    async begin() {
      const { browser, tokenHash } = await requestLink("/otp");
      const redeem = { token_hash: tokenHash, type: "magiclink" };
      return { browser, finish: async () => nameOf(await post(browser, "/verify", redeem)) };
    },
  },
  "a sign-in that waits for consent": {
    lifetimeSeconds: 300,
    refusal: "flow_state_not_found",
    async begin() {
      const { tokenHash } = await requestLink("/otp");
      const browser = fixture.openBrowser();
      await post(browser, "/verify", { token_hash: tokenHash, type: "magiclink" });
      const consent = { consent: true };
      return { browser, finish: async () => nameOf(await post(browser, "/verify", consent)) };
    },
  },
  "a sign-in that waits for a second factor": {
    lifetimeSeconds: 300,
    refusal: "flow_state_not_found",
    async begin() {
      const { browser, verify } = await logInWithFactor();
      return { browser, finish: async () => nameOf(await verify()) };
    },
  },
  "a recovery that waits for a password": {
    lifetimeSeconds: 900,
    refusal: "access_token_missing",
    async begin() {
      const { browser, tokenHash } = await requestLink("/recover");
      await post(browser, "/verify", { token_hash: tokenHash, type: "recovery" });
      const change = { password: NEW_PASSWORD };
      return { browser, finish: async () => nameOf(await put(browser, "/password", change)) };
    },
  },
  "a second factor that was given for a change": {
    lifetimeSeconds: 300,
    refusal: "reauthentication_needed",
    async begin() {
      const { person, browser, verify } = await logInWithFactor();
      const { session } = (await verify()).body as { session: { id: string } };
      await put(browser, "/password", {
        current_password: person.password,
        password: NEW_PASSWORD,
      });
      await verify();
      await ageSession(sql, session.id, 11 * 60); // so that this alone allows the change
      const change = { password: NEW_PASSWORD };
      return { browser, finish: async () => nameOf(await put(browser, "/password", change)) };
    },
  },
  "a factor that waits for its first code": {
    lifetimeSeconds: 300,
    refusal: "flow_state_not_found",
    async begin() {
      const { browser } = await fixture.signIn();
      const enrolled = await post(browser, "/mfa/factors", {
        factor_type: "totp",
        friendly_name: "Mine",
      });
      const { factor, totp } = enrolled.body as {
        factor: { id: string };
        totp: { secret: string };
      };
      const verify = { factor_id: factor.id, code: totpCode(totp.secret, Date.now()) };
      return { browser, finish: async () => nameOf(await post(browser, "/mfa/verify", verify)) };
    },
  },
  "the challenge of a passkey": {
    lifetimeSeconds: 300,
    refusal: "flow_state_not_found",
    async begin() {
      const passkey = createSoftwarePasskey(stack.baseUrl);
      const { browser: owner } = await fixture.signIn();
      const optionsOf = async (browser: Browser, body: object) =>
        (await post(browser, "/passkeys/options", body)).body["options"] as Record<string, unknown>;
      const registration = await optionsOf(owner, { purpose: "registration" });
      await post(owner, "/passkeys/verify", { credential: passkey.register(registration) });
      const browser = fixture.openBrowser();
      const credential = passkey.authenticate(await optionsOf(browser, {}));
      return {
        browser,
        finish: async () => nameOf(await post(browser, "/passkeys/verify", { credential })),
      };
    },
  },
};

for (const [what, { lifetimeSeconds, refusal, begin }] of Object.entries(FLOWS)) {
  Deno.test(`${what} is sealed with its own end, and a jar that keeps it longer gains nothing`, async () => {
    const late = await begin();
    assert.ok(await clock.opensIn(late.browser, lifetimeSeconds - 10));
    assert.ok(!await clock.opensIn(late.browser, lifetimeSeconds + 1));
    await clock.backdate(late.browser, { seconds: lifetimeSeconds, lifetimeSeconds });
    assert.equal(await late.finish(), refusal);

    const early = await begin();
    await clock.backdate(early.browser, { seconds: lifetimeSeconds - 30, lifetimeSeconds });
    assert.equal(await early.finish(), "200");
  });
}
