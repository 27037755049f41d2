/**
 * Every decision of `unified_auth.judge_rotation`, read once from the database: its domain is finite.
 *
 * @module
 */

import type postgres from "postgres";
import type { RotationOutcome } from "../../../supabase/functions/_shared/store/session_store.ts";

/** Those around each bound of the rule, and those that a search comes through. */
export const BRANCHES = [0, 1, 2, 3, 4, 5, 6, 7, 254, 255] as const;

export interface Circumstances {
  readonly class: "same" | "stranger" | "rebound" | "unbound";
  readonly position:
    | "current"
    | "predecessor"
    | "superseded"
    | "lost"
    | "older"
    | "ahead"
    | "hash_mismatch";
  readonly proof: "none" | "outdated" | "fresh";
  /** The row's token was issued within the reuse interval. */
  readonly recent: boolean;
  readonly confirmed: boolean;
  readonly saltKept: boolean;
  readonly rowKey: "none" | "proven" | "other";
  /** Of the row, like the branch. */
  readonly firstGeneration: boolean;
  readonly branch: number;
  /** Nothing was issued for so long that another key may take over. */
  readonly quiet: boolean;
}

export interface Judgment {
  /** The row of the table that decided. */
  readonly rule: number;
  readonly outcome: RotationOutcome;
}

export type Decision = Circumstances & Judgment;

export type Judge = (circumstances: Circumstances) => Judgment;

export async function readDecisions(admin: postgres.Sql): Promise<readonly Decision[]> {
  return await admin<Decision[]>`
    select
      class, position, proof, recent, confirmed, salt_kept as "saltKept", row_key as "rowKey",
      first_generation as "firstGeneration", branch, quiet, (judgment).rule, (judgment).outcome
    from
      unnest(enum_range(null::unified_auth.token_class)) as class,
      unnest(enum_range(null::unified_auth.presented_position)) as position,
      unnest(enum_range(null::unified_auth.proof_state)) as proof,
      unnest(enum_range(null::unified_auth.row_key)) as row_key,
      unnest(${[...BRANCHES]}::smallint[]) as branch,
      (values (true), (false)) as a (recent),
      (values (true), (false)) as b (confirmed),
      (values (true), (false)) as c (salt_kept),
      (values (true), (false)) as d (first_generation),
      (values (true), (false)) as e (quiet),
      unified_auth.judge_rotation(
        class, position, proof, recent, confirmed, salt_kept, row_key, first_generation, branch,
        quiet
      ) as judgment`;
}

/** Looks the decisions up instead of calling the database a million times. */
export function openJudge(decisions: readonly Decision[]): Judge {
  const judgments: Judgment[] = [];
  for (const decision of decisions) judgments[indexOf(decision)] = decision;
  return (circumstances) => {
    const judgment = judgments[indexOf(circumstances)];
    if (judgment === undefined) {
      throw new RangeError(`Cannot judge: ${JSON.stringify(circumstances)} was not read`);
    }
    return judgment;
  };
}

const CLASS = { same: 0, stranger: 1, rebound: 2, unbound: 3 };
const POSITION = {
  current: 0,
  predecessor: 1,
  superseded: 2,
  lost: 3,
  older: 4,
  ahead: 5,
  hash_mismatch: 6,
};
const PROOF = { none: 0, outdated: 1, fresh: 2 };
const ROW_KEY = { none: 0, proven: 1, other: 2 };

function indexOf(circumstances: Circumstances): number {
  let index = CLASS[circumstances.class];
  index = index * 7 + POSITION[circumstances.position];
  index = index * 3 + PROOF[circumstances.proof];
  index = index * 3 + ROW_KEY[circumstances.rowKey];
  index = index * 2 + Number(circumstances.recent);
  index = index * 2 + Number(circumstances.confirmed);
  index = index * 2 + Number(circumstances.saltKept);
  index = index * 2 + Number(circumstances.firstGeneration);
  index = index * 2 + Number(circumstances.quiet);
  return index * 256 + circumstances.branch;
}
