/**
 * The steps between a way to sign in and the session: the code from a message, a consent that names the
 * account, a new password, a second factor. At most one is open.
 *
 * @module
 */

import type {
  AuthClient,
  Factor,
  FactorOutcome,
  MailType,
  OAuthOutcome,
  PasskeyOutcome,
  SignUpOutcome,
  VerifyOutcome,
} from "../../../client/src/index.ts";
import { find, make, say } from "./dom.ts";
import { problemOf } from "./problem_words.ts";

export type StepOutcome =
  | FactorOutcome
  | OAuthOutcome
  | PasskeyOutcome
  | SignUpOutcome
  | VerifyOutcome;

/** The message that was sent, where an outcome may be `message-sent`. */
export type SentMessage =
  | { readonly email: string; readonly type: MailType }
  | { readonly phone: string };

export interface StepContext {
  readonly sent?: SentMessage | undefined;
  /** Repeats the change to the account that a second factor was required for. */
  readonly again?: () => void;
}

export interface SignInSteps {
  readonly isOpen: boolean;
  /** Opens the step that an outcome leads to; says in `problem` why there is none. */
  follow(outcome: StepOutcome, problem: HTMLElement, context?: StepContext): void;
  close(): void;
}

const STEPS = ["code", "consent", "password", "factor"] as const;

type Step = typeof STEPS[number];

export function createSignInSteps(auth: AuthClient, onChange: () => void): SignInSteps {
  const parts = (step: Step) => ({
    form: find(`${step}-step`, HTMLFormElement),
    hint: find(`${step}-hint`, HTMLParagraphElement),
    problem: find(`${step}-problem`, HTMLParagraphElement),
    back: find(`${step}-back`, HTMLButtonElement),
  });
  const steps = {
    code: parts("code"),
    consent: parts("consent"),
    password: parts("password"),
    factor: parts("factor"),
  };
  const factors = find("factors", HTMLSelectElement);
  const main = find("main", HTMLElement);
  let open: Step | null = null;
  let awaited: SentMessage | null = null;
  let repeat = (): void => {};

  const show = (step: Step | null, hint = ""): void => {
    const held = open !== null && steps[open].form.contains(document.activeElement);
    open = step;
    for (const name of STEPS) steps[name].form.hidden = name !== step;
    if (step !== null) {
      const { form, problem } = steps[step];
      form.reset();
      say(problem, "");
      say(steps[step].hint, hint);
      form.querySelector<HTMLElement>("input, button")?.focus();
    }
    onChange();
    // Somebody at the keyboard would go on from the top of the page otherwise.
    if (step === null && held) main.focus();
  };

  const askForFactor = (offered: readonly Factor[]): void => {
    factors.replaceChildren(
      ...offered.map(({ id, friendlyName, type }) =>
        make("option", { value: id }, friendlyName ?? type)
      ),
    );
    show("factor", "A second factor protects this account.");
  };

  const follow: SignInSteps["follow"] = (outcome, problem, { sent, again } = {}) => {
    switch (outcome.kind) {
      case "signed-in":
        return show(null);
      case "reauthenticated":
        show(null);
        return repeat();
      case "redirecting":
        return;
      case "message-sent":
        awaited = sent ?? null;
        return show(
          "code",
          `If ${nameOf(sent)} can be used, a message is on its way to the inbox below. Enter its ` +
            "code here, or follow its link.",
        );
      case "consent-required":
        return show(
          "consent",
          `This signs you in as ${outcome.account.email ?? outcome.account.phone}. Is that you?`,
        );
      case "password-required":
        return show(
          "password",
          outcome.account
            ? `Choose the password of ${outcome.account.email ?? outcome.account.phone}.`
            : "Choose your password.",
        );
      case "mfa-required":
        repeat = again ?? (() => {});
        return askForFactor(outcome.factors);
      case "refused":
      case "busy":
      case "unavailable":
      case "cancelled":
      case "unsupported":
        return say(problem, problemOf(outcome));
      default:
        return outcome satisfies never;
    }
  };

  const onSubmit = (
    step: Step,
    send: (fields: FormData) => Promise<StepOutcome>,
  ): void => {
    const { form, problem, back } = steps[step];
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      say(problem, "");
      follow(await send(new FormData(form)), problem);
    });
    back.addEventListener("click", () => {
      if (step !== "code") void auth.signIn.cancel();
      show(null);
    });
  };

  onSubmit("code", (fields) =>
    auth.signIn.verifyOtp({
      ...awaited ?? { email: "", type: "email" },
      token: String(fields.get("code")),
    }));
  onSubmit("consent", () => auth.signIn.acceptAccount());
  onSubmit(
    "password",
    (fields) => auth.signIn.setPassword({ password: String(fields.get("password")) }),
  );
  onSubmit("factor", (fields) =>
    auth.signIn.mfa.verify({
      factorId: String(fields.get("factor")),
      code: String(fields.get("code")),
    }));

  return {
    get isOpen() {
      return open !== null;
    },
    follow,
    close: () => show(null),
  };
}

function nameOf(sent: SentMessage | undefined): string {
  if (!sent) return "the address";
  return "email" in sent ? sent.email : sent.phone;
}
