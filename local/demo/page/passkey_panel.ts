/**
 * A passkey for the person who is signed in, where the browser has passkeys for this page.
 *
 * @module
 */

import type { AuthClient } from "../../../client/src/index.ts";
import { type AccountPanel, makeChange } from "./account_change.ts";
import { find, say } from "./dom.ts";
import type { PageHost } from "./page_host.ts";
import type { SignInSteps } from "./sign_in_steps.ts";

export function createPasskeyPanel(
  auth: AuthClient,
  steps: SignInSteps,
  { hasPasskeys }: PageHost,
): AccountPanel {
  const form = find("register-passkey", HTMLFormElement);
  const problem = find("passkey-problem", HTMLParagraphElement);
  const done = find("passkey-done", HTMLParagraphElement);
  find("passkeys", HTMLDetailsElement).hidden = !hasPasskeys;

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    say(done, "");
    const currentPassword = String(new FormData(form).get("current")) || undefined;
    void makeChange({
      problem,
      make: () => auth.signIn.registerPasskey({ currentPassword }),
      onDone() {
        form.reset();
        say(done, "Added: this passkey signs in without a password.");
      },
    }, steps);
  });

  return {
    empty() {
      form.reset();
      say(problem, "");
      say(done, "");
    },
  };
}
