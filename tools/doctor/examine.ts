/**
 * One examination: every check in its order, and the doctor's own sessions ended at the end of it,
 * whatever happened before. Time, network and the database are arguments.
 *
 * @module
 */

import postgres from "postgres";
import { createAsk } from "./ask.ts";
import { CHECKS } from "./checks.ts";
import {
  CHECK_IDS,
  type CheckId,
  type Finding,
  notChecked,
  quote,
  type Verdict,
} from "./finding.ts";
import type { Account, Patient, Target } from "./patient.ts";
import { createTrial, signOutEverywhere, type Trial } from "./trial.ts";

export interface ExaminationOptions {
  readonly target: Target;
  readonly account: Account | null;
  readonly database: postgres.Sql | null;
  readonly fetch: typeof fetch;
  readonly nowMs: () => number;
  /** Ends the examination early: what is left is not checked, but signing out is. */
  readonly signal?: AbortSignal;
  /** @default {15_000} */
  readonly timeoutMs?: number;
}

/** Those that say nothing of a deployment whose functions do not answer. */
const NEED_NO_FUNCTIONS = new Set<CheckId>(["migrations", "schema", "grants", "sign_out"]);

export async function examine(options: ExaminationOptions): Promise<readonly Finding[]> {
  const { target, account, database, signal } = options;
  const ask = createAsk(options);
  const run = crypto.randomUUID().slice(0, 8);
  const askAt = (functionsUrl: string): Patient["askFunction"] => (path, question) =>
    ask(`${functionsUrl}${path}`, question);
  const trials: Trial[] = [];
  const openTrial = (functionsUrl: string) => {
    const deviceName = `unified-auth doctor ${run}.${trials.length}`;
    const trial = createTrial({ askFunction: askAt(functionsUrl), account, deviceName });
    trials.push(trial);
    return trial;
  };
  const patient: Patient = {
    target,
    ask,
    askFunction: askAt(target.functionsUrl),
    trial: openTrial(target.functionsUrl),
    openTrial,
    endTrials: () => signOutEverywhere(trials),
    database,
  };

  const findings: Finding[] = [];
  let answering = true;
  try {
    for (const check of CHECK_IDS) {
      const verdict = await examineOne(check, { patient, answering, signal });
      if (check === "functions_answer") answering = verdict.result === "ok";
      findings.push({ check, ...verdict });
    }
    return findings;
  } finally {
    await patient.endTrials();
  }
}

async function examineOne(
  check: CheckId,
  { patient, answering, signal }: {
    readonly patient: Patient;
    readonly answering: boolean;
    readonly signal: AbortSignal | undefined;
  },
): Promise<Verdict> {
  if (check !== "sign_out" && signal?.aborted) {
    return notChecked("The doctor was interrupted.", "Run it again.");
  }
  if (!answering && !NEED_NO_FUNCTIONS.has(check)) {
    return notChecked("The functions do not answer as they should.", "See functions_answer.");
  }
  return await CHECKS[check](patient).catch((thrown: unknown) => {
    if (thrown instanceof postgres.PostgresError) return refusedByDatabase(thrown);
    throw thrown;
  });
}

function refusedByDatabase({ message }: postgres.PostgresError): Verdict {
  return notChecked(
    `The database refuses the question: ${quote(message)}.`,
    "Connect as the role postgres, which applied the migrations.",
  );
}
