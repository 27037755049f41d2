/**
 * A benign schedule as a test: played from each beginning, and the session must live on.
 *
 * @module
 */

import type { Browser } from "../http/browser.ts";
import { assertLivesOn, beginLife, type SessionLife, type World } from "./session_life.ts";

/**
 * Begins when the next refresh is due. Answers the browser that lives on, where that is not the
 * owner's.
 */
export type BenignSchedule = (life: SessionLife) => Promise<Browser | void>;

/** Makes tests of schedules in `world`: each with a session just made, and with one long in use. */
export function describeBenign(world: World): (rule: string, schedule: BenignSchedule) => void {
  return function benign(rule, schedule) {
    Deno.test(rule, async (test) => {
      for (const beginning of ["fresh", "confirmed"] as const) {
        await test.step(`a ${beginning} session`, async () => {
          const life = await beginLife(world, beginning);
          await assertLivesOn(life, await schedule(life) ?? life.owner);
        });
      }
    });
  };
}
