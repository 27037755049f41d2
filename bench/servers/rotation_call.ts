/**
 * What every direct caller of the rotation function gives it beyond the token: the numbers of the policy
 * and who asks, in one place for the floors and for pgbench.
 *
 * @module
 */

import type { FunctionArguments } from "../../supabase/functions/_shared/database_rpc.ts";

/** Without a reuse interval every call rotates, however soon a visitor comes back. */
const POLICY = {
  access_ttl_seconds: 3600,
  refresh_ttl_seconds: 2_592_000,
  absolute_ttl_seconds: 0,
  reuse_interval_seconds: -1,
  refresh_burst: 300,
  refresh_interval_seconds: 1,
  max_sessions: 5,
  activity_interval_seconds: 900,
  right_password_interval_seconds: null,
  rebind_after_seconds: null,
} as const;

const CONTEXT = { ip: null, user_agent: "bench", request_id: "bench" } as const;

/** By the names of the function's parameters, as JSON has them. */
export const COMMON_ARGUMENTS = {
  p_proof: null,
  p_policy: POLICY,
  p_event: "refresh",
  p_context: CONTEXT,
} as const;

/** A rotation as the data API takes it. `bytea` is text there. */
export function rotationArguments(token: {
  readonly sessionId: string;
  readonly generation: number;
  readonly hash: string;
  /** Null where the session has none. */
  readonly lineage: string | null;
  readonly successorHash: string;
  readonly salt: string;
}): FunctionArguments<"rotate_session"> {
  return {
    ...COMMON_ARGUMENTS,
    p_presented: {
      session_id: token.sessionId,
      generation: token.generation,
      branch: 0,
      hash: token.hash,
      key: null,
      lineage: token.lineage,
    },
    p_successor: {
      generation: token.generation + 1,
      branch: 0,
      hash: token.successorHash,
      lineage: token.lineage,
      salt: token.salt,
      key_id: "bench",
    },
  };
}

/** The same as SQL, with these expressions for the token. */
export function rotationSql(token: {
  readonly sessionId: string;
  readonly generation: string;
  readonly hash: string;
  readonly lineage: string;
  readonly successorHash: string;
  readonly salt: string;
}): string {
  const { sessionId, generation, hash, lineage, successorHash, salt } = token;
  return `public.rotate_session(
    row(${sessionId}, ${generation}, 0::smallint, ${hash}, null, ${lineage})::public.presented_refresh_token,
    null,
    row(${generation} + 1, 0::smallint, ${successorHash}, ${lineage}, ${salt}, 'bench')::public.proposed_successor,
    ${recordOf("session_policy", POLICY)}, 'refresh', ${recordOf("request_context", CONTEXT)})`;
}

/** With a blank after each colon: pgbench takes a name behind one for a variable of its own. */
function recordOf(type: string, value: object): string {
  const json = JSON.stringify(value, null, 1);
  return `json_populate_record(null::public.${type}, '${json}')`;
}
