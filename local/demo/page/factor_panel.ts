/**
 * An authenticator app as the second factor of the person who is signed in: its QR code and its secret,
 * its first code, and its removal while the page remembers it.
 *
 * @module
 */

import type { AuthClient, EnrolledFactor } from "../../../client/src/index.ts";
import { type AccountPanel, makeChange } from "./account_change.ts";
import { find, say } from "./dom.ts";
import type { SignInSteps } from "./sign_in_steps.ts";

type Stage = "enroll" | "verify" | "verified";

/** `onChange`: there is another factor, or one less. */
export function createFactorPanel(
  auth: AuthClient,
  steps: SignInSteps,
  onChange: () => void,
): AccountPanel {
  const { mfa } = auth.signIn;
  const enroll = find("enroll", HTMLFormElement);
  const verify = find("verify-factor", HTMLFormElement);
  const remove = find("remove-factor", HTMLButtonElement);
  const problem = find("factor-change-problem", HTMLParagraphElement);
  const done = find("factor-change-done", HTMLParagraphElement);
  const qr = find("qr", HTMLImageElement);
  const secret = find("totp-secret", HTMLElement);
  let factorId = "";

  const show = (stage: Stage, text = ""): void => {
    enroll.hidden = stage !== "enroll";
    verify.hidden = stage !== "verify";
    remove.hidden = stage !== "verified";
    say(problem, "");
    say(done, text);
  };

  const showSecret = ({ factor, totp }: EnrolledFactor): void => {
    factorId = factor.id;
    qr.src = `data:image/svg+xml;utf-8,${encodeURIComponent(totp?.qrCode ?? "")}`;
    say(secret, totp?.secret ?? "");
    show("verify");
    verify.reset();
    verify.querySelector("input")?.focus();
    onChange();
  };

  enroll.addEventListener("submit", (event) => {
    event.preventDefault();
    const fields = new FormData(enroll);
    const request = {
      type: "totp",
      friendlyName: String(fields.get("name")),
      currentPassword: String(fields.get("current")) || undefined,
    } as const;
    void makeChange({ problem, make: () => mfa.enroll(request), onDone: showSecret }, steps);
  });

  verify.addEventListener("submit", async (event) => {
    event.preventDefault();
    say(problem, "");
    const code = String(new FormData(verify).get("code"));
    const outcome = await mfa.verify({ factorId, code });
    if (outcome.kind === "signed-in") {
      show("verified", "Verified: from now on a sign-in asks for a code of this app.");
      remove.focus();
    } else steps.follow(outcome, problem);
  });

  remove.addEventListener("click", () => {
    void makeChange({
      problem,
      make: () => mfa.remove({ factorId }),
      onDone() {
        show("enroll", "Removed: the password alone signs in.");
        onChange();
      },
    }, steps);
  });

  return {
    empty() {
      enroll.reset();
      qr.removeAttribute("src");
      say(secret, "");
      show("enroll");
    },
  };
}
