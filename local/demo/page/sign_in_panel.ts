/**
 * Signing in, in place: the same form at the first visit and after the session is over, with the data
 * of the page still there.
 *
 * @module
 */

import type { AuthClient } from "../../../client/src/index.ts";
import { find, say } from "./dom.ts";

const PROBLEMS: Readonly<Record<string, string>> = {
  invalid_credentials: "The e-mail or the password is wrong.",
  over_request_rate_limit: "Too many tries: wait a moment.",
};

export function createSignInPanel(auth: AuthClient): void {
  const form = find("sign-in", HTMLFormElement);
  const problem = find("sign-in-problem", HTMLParagraphElement);

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    say(problem, "");
    const fields = new FormData(form);
    const credentials = {
      email: String(fields.get("email")),
      password: String(fields.get("password")),
    };
    const outcome = await auth.signIn.withPassword(credentials);
    if (outcome.kind === "refused") say(problem, PROBLEMS[outcome.code] ?? outcome.message);
    else if (outcome.kind !== "signed-in") say(problem, "The server did not answer: try again.");
  });

  find("sign-out", HTMLButtonElement).addEventListener("click", () => void auth.signOut());
}
