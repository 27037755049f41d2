/**
 * Whether the doctor's own sessions are ended again. The last check, and made whatever came before.
 *
 * @module
 */

import { failed, notChecked, ok, type Verdict } from "../finding.ts";
import type { Patient } from "../patient.ts";

export async function signOut({ endTrials }: Patient): Promise<Verdict> {
  const outcome = await endTrials();
  switch (outcome.kind) {
    case "nothing_to_end":
      return notChecked("Nobody was signed in.", "Give a test account: see sign_in.");
    case "ended":
      return ok("The test account is signed out again; no session is left.");
    case "left":
      return failed(
        `The doctor could not end ${outcome.sessions} of its own sessions.`,
        "Put right what cookies_arrive says. Until then end them by hand: docs/operations.md, " +
          '"One user out".',
      );
  }
}
