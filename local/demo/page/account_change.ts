/**
 * A change to the account of the person who is signed in, as every form of one makes it: what is wrong is
 * said beside it, and where a second factor is asked for first, the change is made again after its code.
 *
 * @module
 */

import type { AccountOutcome } from "../../../client/src/index.ts";
import { say } from "./dom.ts";
import { type Problem, problemOf } from "./problem_words.ts";
import type { SignInSteps } from "./sign_in_steps.ts";

type NotDone = AccountOutcome<never> | Problem;

const NOT_DONE: readonly string[] = [
  "mfa-required",
  "refused",
  "rejected",
  "busy",
  "unavailable",
  "cancelled",
  "unsupported",
] satisfies readonly NotDone["kind"][];

/** A form of such a change. */
export interface AccountPanel {
  /** For another user: nothing of the one before stays. */
  empty(): void;
}

export interface AccountChange<Done extends { readonly kind: string }> {
  readonly problem: HTMLElement;
  make(): Promise<Done | NotDone>;
  onDone(done: Done): void;
}

export async function makeChange<Done extends { readonly kind: string }>(
  change: AccountChange<Done>,
  steps: SignInSteps,
): Promise<void> {
  const { problem, make, onDone } = change;
  say(problem, "");
  const outcome = await make();
  if (!isNotDone(outcome)) onDone(outcome);
  else if (outcome.kind !== "mfa-required") say(problem, problemOf(outcome));
  else steps.follow(outcome, problem, { again: () => void makeChange(change, steps) });
}

function isNotDone(outcome: { readonly kind: string }): outcome is NotDone {
  return NOT_DONE.includes(outcome.kind);
}
