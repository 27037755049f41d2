/**
 * Whether the test account can sign in.
 *
 * @module
 */

import { ERRORS } from "../../../supabase/functions/_shared/errors.ts";
import { failed, notChecked, ok, quote, type Result } from "../finding.ts";
import type { Subject } from "../subject.ts";
import { explainAnonymousCaller, isOurs } from "../anonymous_callers.ts";

/** The remedy for each refusal, for the person who chose the account. */
const REMEDIES: Readonly<Record<string, string>> = {
  invalid_credentials:
    "Check DOCTOR_EMAIL and DOCTOR_PASSWORD. Use an account that is for this only.",
  email_not_confirmed: "Confirm the test account's address, or make the account with it confirmed.",
  mfa_required: "Use a test account without a second factor.",
  access_denied:
    "Supabase Auth refuses the test account, by a setting or by a hook of the project: " +
    "the reason is in the event of the failed login.",
  role_not_allowed: "Use a test account of a role that SESSION_ALLOWED_ROLES names.",
  captcha_failed: "The project asks for a CAPTCHA, which the doctor cannot solve: see " +
    "SESSION_LOGIN_KEY, or run without an account.",
  over_request_rate_limit: "Wait, then run the doctor again.",
  service_unavailable: "Supabase Auth or the database did not answer: see the function's log.",
};

export async function signIn({ testSession }: Subject): Promise<Result> {
  const made = await testSession.signIn();
  if (made.kind === "no_account") {
    return notChecked(
      "No test account was given.",
      "Set DOCTOR_EMAIL and DOCTOR_PASSWORD. The account is signed in, and signed out again.",
    );
  }
  if (made.kind === "signed_in") {
    return made.view === null
      ? failed(
        "The sign-in is answered 200, but not with a session.",
        "Something changes the body on its way: look at the proxy.",
      )
      : ok("The test account can sign in.");
  }
  const { answer } = made;
  if (answer.kind === "no_reply" || !isOurs(answer)) return explainAnonymousCaller(answer);
  const code = answer.code ?? String(answer.status);
  const message = code in ERRORS ? ERRORS[code as keyof typeof ERRORS].message : "";
  return failed(
    `The sign-in is refused: ${quote(code)}. ${message}`.trim(),
    REMEDIES[code] ?? "See the function's log: the request's id is in it.",
  );
}
