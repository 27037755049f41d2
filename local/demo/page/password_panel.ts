/**
 * Another password for the person who is signed in: this browser stays, every other one is signed out.
 *
 * @module
 */

import type { AuthClient } from "../../../client/src/index.ts";
import { type AccountPanel, makeChange } from "./account_change.ts";
import { find, say } from "./dom.ts";
import type { SignInSteps } from "./sign_in_steps.ts";

export function createPasswordPanel(
  auth: AuthClient,
  steps: SignInSteps,
  onChanged: () => void,
): AccountPanel {
  const form = find("change-password", HTMLFormElement);
  const problem = find("change-password-problem", HTMLParagraphElement);
  const done = find("change-password-done", HTMLParagraphElement);

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    say(done, "");
    const fields = new FormData(form);
    const request = {
      password: String(fields.get("password")),
      currentPassword: String(fields.get("current")) || undefined,
    };
    void makeChange({
      problem,
      make: () => auth.signIn.changePassword(request),
      onDone() {
        form.reset();
        say(done, "Changed. This browser stays signed in; every other one was signed out.");
        onChanged();
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
