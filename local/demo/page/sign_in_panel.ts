/**
 * The ways to sign in, in place: the same form at the first visit and after the session has ended, with
 * the data of the page still there.
 *
 * @module
 */

import type { AuthClient, MailType } from "../../../client/src/index.ts";
import { find, make, say } from "./dom.ts";
import type { PageHost } from "./page_host.ts";
import type { SignInSteps, StepOutcome } from "./sign_in_steps.ts";

/** Any name that the local stack knows leads to its own provider, which asks who somebody is. */
const PROVIDER = "keycloak";

interface Credentials {
  readonly email: string;
  readonly password: string;
}

/** The ways that leave the page, or lead back to it from a mail. */
const RETURNING_WAYS = ["way-otp", "way-oauth", "way-popup", "way-sign-up", "way-reset"];

export function createSignInPanel(auth: AuthClient, steps: SignInSteps, host: PageHost): void {
  const { signIn } = auth;
  const form = find("sign-in", HTMLFormElement);
  const email = find("email", HTMLInputElement);
  const phone = find("phone", HTMLInputElement);
  const problem = find("sign-in-problem", HTMLParagraphElement);

  const read = (): Credentials => {
    const fields = new FormData(form);
    return { email: String(fields.get("email")), password: String(fields.get("password")) };
  };

  const onClick = (
    id: string,
    ask: (credentials: Credentials) => Promise<StepOutcome>,
    type?: MailType,
  ): void => {
    find(id, HTMLButtonElement).addEventListener("click", async () => {
      if (!email.reportValidity()) return; // most ways need no password
      say(problem, "");
      const credentials = read();
      const sent = type && { email: credentials.email, type };
      steps.follow(await ask(credentials), problem, { sent });
    });
  };

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    say(problem, "");
    steps.follow(await signIn.withPassword(read()), problem);
  });
  onClick("way-otp", ({ email }) => signIn.withOtp({ email }), "email");
  find("way-phone", HTMLButtonElement).addEventListener("click", async () => {
    const { value } = phone;
    if (value === "" || !phone.reportValidity()) return phone.focus();
    say(problem, "");
    const outcome = await signIn.withOtp({ phone: value, createUser: true });
    steps.follow(outcome, problem, { sent: { phone: value } });
  });
  onClick("way-oauth", ({ email }) => signIn.withOAuth({ provider: PROVIDER, loginHint: email }));
  onClick(
    "way-popup",
    ({ email }) => signIn.withOAuth({ provider: PROVIDER, loginHint: email, popup: true }),
  );
  onClick("way-passkey", () => signIn.withPasskey());
  onClick("way-sign-up", (credentials) => signIn.signUp(credentials), "signup");
  onClick("way-reset", ({ email }) => signIn.resetPassword({ email }), "recovery");

  find("way-passkey", HTMLButtonElement).hidden = !host.hasPasskeys;
  for (const id of RETURNING_WAYS) find(id, HTMLButtonElement).hidden = !host.isReturnedTo;
  find("other-host", HTMLParagraphElement).append(
    host.isReturnedTo ? "With a passkey: " : "By mail or at a provider: ",
    make("a", { href: host.other.href }, host.other.host),
  );

  // Back from a provider, or from a mail's link.
  void signIn.returnOutcome().then((outcome) => outcome && steps.follow(outcome, problem));

  find("sign-out", HTMLButtonElement).addEventListener("click", () => void auth.signOut());
}
