/**
 * The ways to sign in, in place: the same form at the first visit and after the session has ended, with
 * the data of the page still there.
 *
 * @module
 */

import type { AuthClient } from "../../../client/src/index.ts";
import { find, say } from "./dom.ts";
import type { SentMessage, SignInSteps, StepOutcome } from "./sign_in_steps.ts";

/** Any name that the local stack knows leads to its own provider, which asks who somebody is. */
const PROVIDER = "keycloak";

interface Credentials {
  readonly email: string;
  readonly password: string;
}

export function createSignInPanel(auth: AuthClient, steps: SignInSteps): void {
  const { signIn } = auth;
  const form = find("sign-in", HTMLFormElement);
  const problem = find("sign-in-problem", HTMLParagraphElement);

  const read = (): Credentials => {
    const fields = new FormData(form);
    return { email: String(fields.get("email")), password: String(fields.get("password")) };
  };

  const onClick = (
    id: string,
    ask: (credentials: Credentials) => Promise<StepOutcome>,
    type?: SentMessage["type"],
  ): void => {
    find(id, HTMLButtonElement).addEventListener("click", async () => {
      if (!form.reportValidity()) return;
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
  onClick("way-oauth", ({ email }) => signIn.withOAuth({ provider: PROVIDER, loginHint: email }));
  onClick(
    "way-popup",
    ({ email }) => signIn.withOAuth({ provider: PROVIDER, loginHint: email, popup: true }),
  );
  onClick("way-sign-up", (credentials) => signIn.signUp(credentials), "signup");
  onClick("way-reset", ({ email }) => signIn.resetPassword({ email }), "recovery");

  // Back from a provider, or from a mail's link.
  void signIn.returnOutcome().then((outcome) => outcome && steps.follow(outcome, problem));

  find("sign-out", HTMLButtonElement).addEventListener("click", () => void auth.signOut());
}
