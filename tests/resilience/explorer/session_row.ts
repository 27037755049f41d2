/**
 * A row of `sessions` as far as the rule looks at it, and the effect of each outcome on it. Hashes are
 * left out: within one session, generation and branch name a token.
 *
 * @module
 */

import type { Circumstances, Judgment } from "./rotation_decisions.ts";

/** A key by number. */
export type Key = number;
export const NO_KEY: Key = 0;

export interface Token {
  readonly generation: number;
  readonly branch: number;
  /** That it was issued to. */
  readonly key: Key;
}

export interface SessionRow {
  readonly current: Token;
  readonly predecessor: Token | null;
  readonly superseded: Token | null;
  readonly saltKept: boolean;
  readonly confirmed: boolean;
}

export const isSameToken = (a: Token, b: Token): boolean =>
  a.generation === b.generation && a.branch === b.branch;

export function firstRow(key: Key): SessionRow {
  return issue({ generation: 1, branch: 0, key }, null, null, false);
}

function issue(
  current: Token,
  predecessor: Token | null,
  superseded: Token | null,
  saltKept: boolean,
): SessionRow {
  return { current, predecessor, superseded, saltKept, confirmed: false };
}

/** As `unified_auth.presented_position`. */
export function positionOf(row: SessionRow, token: Token): Circumstances["position"] {
  const { current, predecessor, superseded } = row;
  if (token.generation > current.generation) return "ahead";
  if (token.generation === current.generation && token.branch > current.branch) return "ahead";
  if (isSameToken(token, current)) return "current";
  if (superseded !== null && isSameToken(token, superseded)) return "superseded";
  if (predecessor !== null && isSameToken(token, predecessor)) return "predecessor";
  return token.generation >= current.generation - 1 ? "lost" : "older";
}

/** As `unified_auth.token_class`. */
export function classOf(row: SessionRow, token: Token, proven: Key): Circumstances["class"] {
  const rowKey = row.current.key;
  if (proven !== NO_KEY && proven === rowKey) return "same";
  if (token.key !== NO_KEY && token.key !== proven) return "stranger";
  if (token.key !== NO_KEY && rowKey !== NO_KEY) return "rebound";
  return "unbound";
}

/** The row after a refresh that was judged so, or null where the session ends. */
export function afterRotation(
  row: SessionRow,
  { token, proven, judgment: { outcome }, class: tokenClass }: {
    readonly token: Token;
    readonly proven: Key;
    readonly judgment: Judgment;
    readonly class: Circumstances["class"];
  },
): SessionRow | null {
  const { generation, branch } = row.current;
  switch (outcome) {
    case "rotated":
      return issue({ generation: generation + 1, branch: 0, key: proven }, token, null, true);
    case "reissued":
      return tokenClass === "same"
        // The key proves the browser: onwards from wherever the session is.
        ? issue({ generation: generation + 1, branch: 0, key: proven }, row.current, null, false)
        : issue({ generation, branch: branch + 1, key: proven }, token, row.current, true);
    case "unchanged":
    case "replayed":
    case "proof_required":
    case "proof_key_unknown":
    case "unknown_generation":
    case "key_compromise_suspected":
      return row;
    case "reused":
      return null;
    default:
      throw new RangeError(`Cannot carry out: judge_rotation does not answer ${outcome}`);
  }
}

/** A token is answered. */
export const isGranted = ({ outcome }: Judgment): boolean =>
  outcome === "unchanged" || outcome === "rotated" || outcome === "replayed" ||
  outcome === "reissued";

/** The row after an access token of a place was validated, more than W after the last hand-out. */
export function afterValidation(row: SessionRow, token: Token): SessionRow {
  const confirms = isSameToken(row.current, token) && token.generation > 1 &&
    row.current.key === NO_KEY && !row.confirmed;
  return confirms ? { ...row, confirmed: true, saltKept: false } : row;
}
