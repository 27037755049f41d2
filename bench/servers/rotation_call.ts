/**
 * The arguments of the SQL functions beyond the token, for the floors: the numbers of the
 * policy and who asks, as JSON has them and as SQL.
 *
 * @module
 */

export const POLICY = {
  access_ttl_seconds: 3600,
  refresh_ttl_seconds: 2592000,
  absolute_ttl_seconds: 0,
  reuse_interval_seconds: 0, // every call rotates, however soon a visitor comes back
  refresh_burst: 300,
  refresh_interval_seconds: 1,
  max_sessions: 5,
  activity_interval_seconds: 300,
  right_password_interval_seconds: 3600,
  rebind_after_seconds: 86400,
} as const;

export const CONTEXT = { ip: null, user_agent: "bench", request_id: "bench" } as const;

/** The arguments of one rotation. Hashes, lineage and salt are hex. */
export interface Rotation {
  readonly sessionId: string;
  readonly generation: number;
  readonly hash: string;
  readonly lineage: string;
  readonly successorHash: string;
  readonly salt: string;
}

/** The arguments of `rotate_session` by name, as the data API takes them. */
export function rotationArguments(rotation: Rotation): Readonly<Record<string, unknown>> {
  const { sessionId, generation, hash, lineage, successorHash, salt } = rotation;
  return {
    p_presented: {
      session_id: sessionId,
      generation,
      branch: 0,
      hash: `\\x${hash}`,
      key: null,
      lineage: `\\x${lineage}`,
    },
    p_proof: null,
    p_successor: {
      generation: generation + 1,
      branch: 0,
      hash: `\\x${successorHash}`,
      lineage: `\\x${lineage}`,
      salt: `\\x${salt}`,
      key_id: "bench",
    },
    p_policy: POLICY,
    p_event: "refresh",
    p_context: CONTEXT,
  };
}
