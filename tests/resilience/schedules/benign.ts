/**
 * A benign schedule as a test: played with and without a key and from each beginning, and the session
 * must live on.
 *
 * @module
 */

import type { Browser } from "../../behaviour/http/browser.ts";
import type { ScheduleFixture } from "./schedule_fixture.ts";
import {
  assertLivesOn,
  beginLife,
  type Beginning,
  type Binding,
  BINDINGS,
  type SessionLife,
} from "./session_life.ts";

/**
 * Begins when the next refresh is due. Answers the browser that lives on, where that is not the
 * owner's.
 */
export type BenignSchedule = (life: SessionLife) => Promise<Browser | void>;

export type DescribeBenign = (
  rule: string,
  schedule: BenignSchedule,
  /** Where the schedule makes sense for them alone. @default {all} */
  bindings?: readonly Binding[],
) => void;

const BEGINNINGS: readonly Beginning[] = ["fresh", "confirmed"];

export function describeBenign(fixture: ScheduleFixture): DescribeBenign {
  return function benign(rule, schedule, bindings = BINDINGS) {
    Deno.test(rule, async (test) => {
      for (const binding of bindings) {
        for (const beginning of BEGINNINGS) {
          await test.step(`${binding}, a ${beginning} session`, async () => {
            const life = await beginLife(fixture, { beginning, binding });
            await assertLivesOn(life, await schedule(life) ?? life.owner);
          });
        }
      }
    });
  };
}
