/**
 * A healthy project, a proxy in front of it that can break it, and a doctor for what the proxy shows.
 *
 * @module
 */

import assert from "node:assert/strict";
import type postgres from "postgres";
import { SEED_USERS } from "../../../local/platform/seed_users.ts";
import {
  openTestServer,
  type TestStack,
  type TestStackOptions,
} from "../../../local/testing/test_server.ts";
import { runChecks, type RunChecksOptions } from "../../../tools/doctor/run_checks.ts";
import { CHECK_IDS, type CheckId, type Finding } from "../../../tools/doctor/finding.ts";
import type { Target } from "../../../tools/doctor/subject.ts";
import { type Break, startBreakingProxy } from "./breaking_proxy.ts";

export type Findings = Readonly<Record<CheckId, Finding>>;

export interface DoctorFixture {
  readonly stack: TestStack;
  /** Of the proxy, which is on the list of allowed origins. */
  readonly baseUrl: string;
  readonly sql: postgres.Sql;
  /** Breaks the proxy, and runs the doctor's checks over it. */
  runChecks(broken: Break | null, options?: RunOptions): Promise<Findings>;
  /** From now on, for callers through the proxy. */
  setBreak(broken: Break | null): void;
  countLiveSessions(): Promise<number>;
  close(): Promise<void>;
}

export interface RunOptions extends Partial<Omit<RunChecksOptions, "target">>, Partial<Target> {}

/** Another origin of the proxy's site. */
export const APP_ON_ANOTHER_PORT = "http://127.0.0.1:9";

export async function openDoctorFixture(options: TestStackOptions = {}): Promise<DoctorFixture> {
  const server = await openTestServer();
  // First of all: the project must know where its app is.
  const proxy = startBreakingProxy();
  const { baseUrl } = proxy;
  const stack = await server.startStack({
    keepClientAddress: false,
    ...options,
    environment: {
      SESSION_ALLOWED_ORIGINS: `${baseUrl},${APP_ON_ANOTHER_PORT}`,
      ...options.environment,
    },
  });
  proxy.setUpstream(stack.baseUrl);
  const sql = stack.database.connect({ max: 1 });
  return {
    stack,
    baseUrl,
    sql,
    async runChecks(broken, changes = {}) {
      proxy.setBreak(broken);
      const findings = await runChecks({
        target: {
          functionsUrl: `${baseUrl}/functions/v1`,
          appOrigin: baseUrl,
          publishableKey: stack.keys.publishable,
          projectUrl: null,
          ...changes,
        },
        account: SEED_USERS.ada,
        database: null,
        fetch,
        nowMs: Date.now,
        ...changes,
      });
      assert.deepEqual(findings.map(({ check }) => check), CHECK_IDS);
      return Object.fromEntries(findings.map((finding) => [finding.check, finding])) as Findings;
    },
    setBreak: proxy.setBreak,
    async countLiveSessions() {
      const [row] = await sql<{ live: number }[]>`
        select count(*)::int as live from public.sessions as s where s.is_valid`;
      return row?.live ?? assert.fail();
    },
    async close() {
      await proxy[Symbol.asyncDispose]();
      await stack.stop();
      await server.close();
    },
  };
}

/** Fails unless the check gave this result, in words that match. */
export function assertFinding(
  findings: Findings,
  check: CheckId,
  { result, says }: { readonly result: Finding["result"]; readonly says: RegExp },
): void {
  const finding = findings[check];
  assert.equal(finding.result, result, `${check}: ${finding.message}`);
  assert.match(finding.message, says);
  assert.equal(finding.remedy === null, result === "ok", check);
}
