/**
 * One run of the doctor: every check in its order, and at the end the doctor's own sessions are ended,
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
  type Result,
} from "./finding.ts";
import type { Account, Subject, Target } from "./subject.ts";
import { createTestSession, signOutEverywhere, type TestSession } from "./test_session.ts";

export interface RunChecksOptions {
  readonly target: Target;
  readonly account: Account | null;
  readonly database: postgres.Sql | null;
  readonly fetch: typeof fetch;
  readonly nowMs: () => number;
  /** Ends the run early: the remaining checks are left out, but the doctor still signs out. */
  readonly signal?: AbortSignal;
  /** @default {15_000} */
  readonly timeoutMs?: number;
}

/** They do not depend on the functions. */
const NEED_NO_FUNCTIONS = new Set<CheckId>([
  "migrations",
  "schema",
  "event_ids",
  "grants",
  "sign_out",
]);

export async function runChecks(options: RunChecksOptions): Promise<readonly Finding[]> {
  const { target, account, database, signal } = options;
  const ask = createAsk(options);
  const run = crypto.randomUUID().slice(0, 8);
  const askAt = (functionsUrl: string): Subject["askFunction"] => (path, question) =>
    ask(`${functionsUrl}${path}`, question);
  const testSessions: TestSession[] = [];
  const openTestSession = (functionsUrl: string) => {
    const deviceName = `unified-auth doctor ${run}.${testSessions.length}`;
    const testSession = createTestSession({
      askFunction: askAt(functionsUrl),
      account,
      deviceName,
    });
    testSessions.push(testSession);
    return testSession;
  };
  const subject: Subject = {
    target,
    ask,
    askFunction: askAt(target.functionsUrl),
    testSession: openTestSession(target.functionsUrl),
    openTestSession,
    endTestSessions: () => signOutEverywhere(testSessions),
    database,
  };

  const findings: Finding[] = [];
  let answering = true;
  try {
    for (const check of CHECK_IDS) {
      const result = await checkOne(check, { subject, answering, signal });
      if (check === "functions_answer") answering = result.result === "ok";
      findings.push({ check, ...result });
    }
    return findings;
  } finally {
    await subject.endTestSessions();
  }
}

async function checkOne(
  check: CheckId,
  { subject, answering, signal }: {
    readonly subject: Subject;
    readonly answering: boolean;
    readonly signal: AbortSignal | undefined;
  },
): Promise<Result> {
  if (check !== "sign_out" && signal?.aborted) {
    return notChecked("The doctor was interrupted.", "Run it again.");
  }
  if (!answering && !NEED_NO_FUNCTIONS.has(check)) {
    return notChecked("The functions do not answer as they should.", "See functions_answer.");
  }
  return await CHECKS[check](subject).catch((thrown: unknown) => {
    if (thrown instanceof postgres.PostgresError) return refusedByDatabase(thrown);
    throw thrown;
  });
}

function refusedByDatabase({ message }: postgres.PostgresError): Result {
  return notChecked(
    `The database refuses the question: ${quote(message)}.`,
    "Connect as the role postgres, which applied the migrations.",
  );
}
