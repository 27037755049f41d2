/**
 * Brings each refusal of the sign-in routes about, in a browser that has session cookies to lose.
 *
 * @module
 */

import { ageSession } from "../../../local/testing/aging.ts";
import type { ErrorCode } from "../../../supabase/functions/_shared/errors.ts";
import { startFaultyProject } from "../../resilience/fault/faulty_provider.ts";
import { type Answer, openBrowser } from "../http/browser.ts";
import type { HttpFixture, SignedIn } from "../http/fixture.ts";

type Scenario = (signedIn: SignedIn) => Promise<Answer>;

type SignInCode = Extract<
  ErrorCode,
  | `mfa_factor_${string}`
  | `mfa_challenge_${string}`
  | `mfa_verification_${string}`
  | `webauthn_${string}`
  | `flow_state_${string}`
  | `${"email" | "phone"}_provider_disabled`
  | "address_invalid"
  | "current_password_invalid"
  | "otp_expired"
  | "passkey_disabled"
  | "reauthentication_needed"
  | "return_to_not_allowed"
  | "same_password"
  | "signup_disabled"
  | `too_many_${string}`
  | "weak_password"
>;

const ENROLL = { factor_type: "totp", friendly_name: "Mine" };
const SIGN_UP = { email: "somebody@example.com", password: "long enough" };
const SOMEBODYS = "00000000-0000-4000-8000-000000000000";

export interface SignInRefusals extends AsyncDisposable {
  readonly scenarios: Readonly<Record<SignInCode, Scenario>>;
}

/** A used challenge and a half-done sign-in that has ended are forgotten: neither is the session's. */
function withoutSealed(answer: Answer): Answer {
  const setCookies = answer.setCookies.filter((line) => !line.startsWith("__Host-sign_in_"));
  return { ...answer, setCookies };
}

export async function openSignInRefusals(
  { stack, sql }: Pick<HttpFixture, "stack" | "sql">,
): Promise<SignInRefusals> {
  const project = await startFaultyProject(stack, { onLine: () => {} });
  // Supabase Auth is sent the person's user agent, which tells the scenarios apart.
  const faults = new Map<string | null, (request: Request) => Response | null>();
  project.setFault((request) => faults.get(request.headers.get("user-agent"))?.(request) ?? null);

  const send = (path: string, body: unknown, method = "POST"): Scenario => ({ browser }) =>
    browser.call(`/unified-auth${path}`, { method, body });

  /** Supabase Auth answers the paths that match with this code. */
  const refused = (
    { path, code, request }: {
      readonly path: RegExp;
      readonly code: string;
      readonly request: Scenario;
    },
  ): Scenario =>
  async ({ person, ...signedIn }) => {
    const userAgent = `scenario ${code} ${path}`;
    const browser = openBrowser({ functionsUrl: project.functionsUrl, userAgent });
    await browser.login(person);
    faults.set(
      userAgent,
      ({ url }) =>
        path.test(new URL(url).pathname)
          ? Response.json({ code, message: "" }, { status: 422 })
          : null,
    );
    return withoutSealed(await request({ ...signedIn, person, browser }));
  };

  const passkey: Scenario = async ({ browser }) => {
    await browser.call("/unified-auth/passkeys/options", { body: {} });
    const credential = { id: "AAAA", response: {} };
    return await browser.call("/unified-auth/passkeys/verify", { body: { credential } });
  };
  const webauthn = (code: string) =>
    refused({ path: /\/passkeys\/authentication\/verify/, code, request: passkey });
  const enrolling = (code: string) =>
    refused({ path: /\/factors$/, code, request: send("/mfa/factors", ENROLL) });
  const ofFactor = (code: string) =>
    refused({
      path: /\/factors\/[^/]+\/(?:challenge|verify)$/,
      code,
      async request({ browser }) {
        const enrolled = await browser.call("/unified-auth/mfa/factors", { body: ENROLL });
        const { id } = enrolled.body["factor"] as { id: string };
        const body = { factor_id: id, code: "000000" };
        return await browser.call("/unified-auth/mfa/verify", { body });
      },
    });

  const scenarios: SignInRefusals["scenarios"] = {
    flow_state_not_found: send("/mfa/verify", { factor_id: SOMEBODYS, code: "000000" }),
    flow_state_expired: ofFactor("session_not_found"),
    otp_expired: send("/verify", { email: "nobody@example.com", token: "000000" }),
    signup_disabled: refused({
      path: /\/signup/,
      code: "signup_disabled",
      request: send("/signup", SIGN_UP),
    }),
    return_to_not_allowed: send("/recover", { email: "a@b.c", return_to: "//evil.example" }),
    address_invalid: refused({
      path: /\/recover/,
      code: "validation_failed",
      request: send("/recover", { email: "nobody@example.com" }),
    }),
    email_provider_disabled: refused({
      path: /\/otp/,
      code: "email_provider_disabled",
      request: send("/otp", { email: "nobody@example.com" }),
    }),
    phone_provider_disabled: send("/otp", { phone: "+15550001" }),
    weak_password: send("/signup", { ...SIGN_UP, password: "weak" }),
    same_password: (signedIn) =>
      send("/password", { password: signedIn.person.password }, "PUT")(signedIn),
    current_password_invalid: send(
      "/password",
      { password: "long enough", current_password: "wrong" },
      "PUT",
    ),
    async reauthentication_needed(signedIn) {
      await ageSession(sql, signedIn.sessionId, 11 * 60);
      return await send("/password", { password: "long enough" }, "PUT")(signedIn);
    },
    mfa_factor_not_found: send(`/mfa/factors/${SOMEBODYS}`, {}, "DELETE"),
    mfa_factor_not_supported: enrolling("mfa_totp_enroll_not_enabled"),
    mfa_factor_name_conflict: enrolling("mfa_factor_name_conflict"),
    too_many_enrolled_mfa_factors: enrolling("too_many_enrolled_mfa_factors"),
    mfa_challenge_expired: ofFactor("mfa_challenge_expired"),
    mfa_verification_failed: ofFactor("mfa_verification_failed"),
    passkey_disabled: refused({
      path: /\/passkeys/,
      code: "passkey_disabled",
      request: send("/passkeys/options", {}),
    }),
    too_many_passkeys: refused({
      path: /\/passkeys\/registration/,
      code: "too_many_passkeys",
      request: send("/passkeys/options", { purpose: "registration" }),
    }),
    webauthn_challenge_not_found: webauthn("webauthn_challenge_not_found"),
    webauthn_challenge_expired: webauthn("webauthn_challenge_expired"),
    webauthn_verification_failed: webauthn("webauthn_verification_failed"),
  };

  return { scenarios, [Symbol.asyncDispose]: () => project[Symbol.asyncDispose]() };
}
