/**
 * Whether the doctor's own sessions are ended again. The last check, and made whatever came before.
 *
 * @module
 */

import { failed, notChecked, ok, type Result } from "../finding.ts";
import type { Subject } from "../subject.ts";

export async function signOut({ endTestSessions }: Subject): Promise<Result> {
  const outcome = await endTestSessions();
  switch (outcome.kind) {
    case "nothing_to_end":
      return notChecked("Nobody was signed in.", "Give a test account: see sign_in.");
    case "ended":
      return ok("The test account is signed out again; no session is left.");
    case "left":
      return failed(
        `The doctor could not end ${outcome.sessions} of the sessions that it opened.`,
        "Put right what cookies_arrive says. Until then end them by hand: docs/operations.md, " +
          '"One user out".',
      );
  }
}
