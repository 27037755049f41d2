/**
 * A scenario: what happens to a client, what is read off afterwards, and how that is judged. The
 * reading is of the server's counts and of the page; the judging is a function of the reading alone, so
 * the same facts always give the same words.
 *
 * @module
 */

import type { ScenarioId } from "./scenario_id.ts";
import type { Stage } from "./stage.ts";

export type Result = "met" | "partly" | "missed";

export interface Judgement {
  readonly result: Result;
  /** For the table: a few words, without a full stop. */
  readonly words: string;
}

export type Fact = boolean | number | string | null;
export type Facts = Readonly<Record<string, Fact>>;

export interface Scenario {
  readonly id: ScenarioId;
  readonly title: string;
  /** The expected behaviour of a client. */
  readonly target: string;
  /** How it is measured, in a sentence or two. */
  readonly method: string;
  /** Life of an access token, as the server grants it. */
  readonly accessTtlSeconds: number;
  /** Why it cannot be played in Firefox and WebKit. @default {it can} */
  readonly beyondOtherDrivers?: string;
  run(stage: Stage): Promise<Facts>;
  /** @throws {TypeError} For facts of another scenario. */
  judge(facts: Facts): Judgement;
}

/** Keeps the facts of a scenario typed between its `run` and its `judge`. */
export function defineScenario<Measured extends Facts>(
  scenario: Omit<Scenario, "run" | "judge"> & {
    run(stage: Stage): Promise<Measured>;
    judge(measured: Measured): Judgement;
  },
): Scenario {
  return scenario as Scenario;
}

export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
