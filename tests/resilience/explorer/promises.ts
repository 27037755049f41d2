/**
 * The promises of the rotation rule, and whether an answer breaks one.
 *
 * @module
 */

import type { Judgment } from "./rotation_decisions.ts";
import type { SearchSpace } from "./search_space.ts";
import { isGranted } from "./session_row.ts";
import { OWNERS, type Refresh, type Situation } from "./situation.ts";

export const VIOLATIONS = {
  signedOut: "an honest browser is signed out",
  keyRefused: "an honest browser is refused although it has its key",
  copyEnds: "a copied token alone ends a bound session",
  thiefGranted: "a thief without the key is granted something while the owner is active",
  ownerRefused: "the owner is refused, and the thief goes on",
  unnoticed: "the owner goes on beside the thief, unnoticed",
  notFound: "a thief is granted something after two cycles of the owner",
  recordedGranted: "a recorded request is granted something after its minute",
} as const;

export function ownersViolation(
  { bound }: SearchSpace,
  { key, thiefWasGranted }: Situation,
  { proven }: Refresh,
  judgment: Judgment,
): string | null {
  const isRefused = judgment.outcome === "proof_key_unknown" ||
    judgment.outcome === "proof_required";
  if (thiefWasGranted) {
    if (bound && isGranted(judgment)) return VIOLATIONS.unnoticed;
    return isRefused && proven === key ? VIOLATIONS.ownerRefused : null;
  }
  if (judgment.outcome === "reused") return VIOLATIONS.signedOut;
  return isRefused && proven === OWNERS && key === OWNERS ? VIOLATIONS.keyRefused : null;
}

export function thiefsViolation(
  { bound, rebinding }: SearchSpace,
  { age, cycles, thiefWasGranted }: Situation,
  judgment: Judgment,
): string | null {
  if (isGranted(judgment)) {
    const ownerIsActive = rebinding === "after_a_day" && age !== "quiet";
    if (bound && ownerIsActive && !thiefWasGranted) return VIOLATIONS.thiefGranted;
    return cycles >= 2 ? VIOLATIONS.notFound : null;
  }
  return bound && !thiefWasGranted && judgment.outcome === "reused" ? VIOLATIONS.copyEnds : null;
}
