/**
 * Tests of one form: a deployment is broken in one way, and one check says so.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { CheckId, Status } from "../../../tools/doctor/finding.ts";
import type { Break } from "./breaking_proxy.ts";
import { assertFinding, type DoctorFixture, type RunOptions } from "./fixture.ts";

export interface BrokenCase {
  /** Ends the sentence "… when". */
  readonly when: string;
  readonly check: CheckId;
  /** @default {"failed"} */
  readonly result?: Exclude<Status, "ok">;
  readonly says: RegExp;
  readonly broken: Break | null;
  readonly options?: RunOptions;
  /** How many of the doctor's sessions a proxy may keep it from ending. @default {0} */
  readonly left?: number;
}

const VERBS = { failed: "fails", warning: "warns", not_checked: "is not checked" };

export function testBroken(
  fixture: DoctorFixture,
  { when, check, result = "failed", says, broken, options, left = 0 }: BrokenCase,
): void {
  Deno.test(`${check} ${VERBS[result]} when ${when}`, async () => {
    const findings = await fixture.runChecks(broken, options);
    const live = await fixture.countLiveSessions();
    await fixture.sql`delete from public.sessions where true`;
    assertFinding(findings, check, { result, says });
    assert.equal(live, left, "sessions left behind");
  });
}
