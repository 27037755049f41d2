/**
 * When a refused password is answered: at a multiple of a step that is longer than any password check
 * of late. Supabase Auth answers an unknown or banned user at once and a wrong password after a bcrypt
 * check, which takes 60 ms on an idle machine and seconds on a busy one: without a common step the
 * difference names accounts.
 *
 * @module
 */

/** On an idle machine, eight times a bcrypt check. A person who mistyped hardly notices. */
const SHORTEST_STEP_MS = 500;

/** As long as Supabase Auth is waited for. */
const LONGEST_STEP_MS = 8_000;

/** How much longer than the slowest check a step is: load grows from one check to the next. */
const MARGIN = 1.5;

/** How long a slow check counts at least; it counts for at most twice as long. */
const MEMORY_MS = 300_000;

export interface RefusalPaceOptions {
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
  readonly delay: (milliseconds: number) => Promise<void>;
}

export interface PasswordCheck {
  /** The provider has accepted or refused the password. */
  decided(): void;
  /** The provider did not answer: how long that took says nothing of a password check. */
  failed(): void;
  /** Resolves when a refusal of this check may be answered. */
  waitForStep(): Promise<void>;
}

export interface RefusalPace {
  startCheck(): PasswordCheck;
}

/** One for a process: its checks set each other's pace. */
export function createRefusalPace({ nowMs, delay }: RefusalPaceOptions): RefusalPace {
  const underWay = new Set<{ readonly startedAtMs: number }>();
  let period = { startedAtMs: nowMs(), slowestMs: 0, slowestBeforeMs: 0 };

  const note = (elapsedMs: number) => {
    const ageMs = nowMs() - period.startedAtMs;
    if (ageMs > MEMORY_MS) {
      const slowestBeforeMs = ageMs > 2 * MEMORY_MS ? 0 : period.slowestMs;
      period = { startedAtMs: nowMs(), slowestMs: 0, slowestBeforeMs };
    }
    period.slowestMs = Math.max(period.slowestMs, elapsedMs);
  };

  const currentStepMs = () => {
    note(0);
    // A check under way has taken as long as it is old: it may be the first slow one.
    const agesMs = [...underWay].map(({ startedAtMs }) => nowMs() - startedAtMs);
    const slowestMs = Math.max(period.slowestMs, period.slowestBeforeMs, ...agesMs);
    let stepMs = SHORTEST_STEP_MS;
    while (stepMs < slowestMs * MARGIN && stepMs < LONGEST_STEP_MS) stepMs *= 2;
    return stepMs;
  };

  return {
    startCheck() {
      const check = { startedAtMs: nowMs() };
      underWay.add(check);
      return {
        decided() {
          underWay.delete(check);
          note(nowMs() - check.startedAtMs);
        },
        failed() {
          underWay.delete(check);
        },
        async waitForStep() {
          let stepMs: number;
          do {
            stepMs = currentStepMs();
            const elapsedMs = nowMs() - check.startedAtMs;
            await delay((Math.floor(elapsedMs / stepMs) + 1) * stepMs - elapsedMs);
          } while (currentStepMs() > stepMs); // others turned out slow while this one waited
        },
      };
    },
  };
}
