/**
 * Whether the clocks agree. A token's times come from the database's clock, and the data API refuses
 * one from more than 30 s in its own future.
 *
 * @module
 */

import type { Reply } from "../ask.ts";
import { failed, notChecked, ok, type Result, warning } from "../finding.ts";
import type { Subject } from "../subject.ts";

/** PostgREST's tolerance. */
const TOLERANCE_MS = 30_000;

const NOTICEABLE_MS = 5_000;

export async function clockSkew({ askFunction, testSession }: Subject): Promise<Result> {
  const made = await testSession.signIn();
  if (made.kind !== "signed_in") {
    return notChecked(
      "Only a session shows the database's time.",
      "Give a test account: see sign_in.",
    );
  }
  const answer = await askFunction("/unified-auth/validate", {
    method: "POST",
    headers: { cookie: made.cookieHeader },
    body: { refresh: "never" },
  });
  const databaseMs = answer.kind === "reply"
    ? Date.parse(String(answer.json?.["server_time"]))
    : NaN;
  if (answer.kind === "no_reply" || Number.isNaN(databaseMs)) {
    return notChecked("No answer holds the database's time.", "See cookies_arrive.");
  }
  return judge(databaseMs, answer);
}

function judge(databaseMs: number, { headers, sentAtMs, arrivedAtMs }: Reply): Result {
  const edgeMs = Date.parse(headers.get("date") ?? "");
  const hasEdge = !Number.isNaN(edgeMs);
  const roundTripMs = arrivedAtMs - sentAtMs;
  // Date has whole seconds and is written after the database answered, by a round trip at most.
  const skewMs = hasEdge
    ? distance(databaseMs, { from: edgeMs - roundTripMs, to: edgeMs + 1_000 })
    : distance(databaseMs, { from: sentAtMs, to: arrivedAtMs });
  const other = hasEdge ? "the server that answers" : "this machine";
  const finding = `The clocks of the database and of ${other} are ${seconds(skewMs)} apart`;
  if (skewMs > TOLERANCE_MS) {
    return failed(
      `${finding}: the data API refuses such tokens.`,
      "On a hosted project, contact Supabase's support; on your machines, run NTP.",
    );
  }
  if (skewMs > NOTICEABLE_MS) {
    return warning(
      `${finding}; from 30 s on tokens are refused.`,
      "On your machines, run NTP.",
    );
  }
  const ownMs = distance(databaseMs, { from: sentAtMs, to: arrivedAtMs });
  return ownMs > TOLERANCE_MS
    ? warning(
      `The servers' clocks agree, and this machine's is ${seconds(ownMs)} off.`,
      "Set this machine's clock. Browsers with a wrong clock do no harm: the client computes with " +
        "durations.",
    )
    : ok("The clocks agree to within a few seconds.");
}

/** From a moment to a span of time; 0 inside it. */
function distance(
  moment: number,
  { from, to }: { readonly from: number; readonly to: number },
): number {
  return Math.max(0, from - moment, moment - to);
}

function seconds(milliseconds: number): string {
  return `${Math.round(milliseconds / 1000)} s`;
}
