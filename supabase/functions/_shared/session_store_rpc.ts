/**
 * The session store over the SQL functions of `supabase/migrations`: names the arguments, hands the
 * policy's numbers over, reads the answers. The only module that knows the functions' signatures.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type * as z from "zod";
import type { DatabaseRpc } from "./database_rpc.ts";
import {
  createSessionRow,
  endedSessionsRow,
  endOwnSessionRow,
  listSessionsRow,
  loginAllowedRow,
  rotateSessionRow,
  validateSessionRow,
} from "./session_rows.ts";
import { ServiceUnavailableError } from "./service_unavailable.ts";
import type {
  PresentedRefreshToken,
  RequestContext,
  SessionProof,
  SessionStore,
  ThrottleBucket,
} from "./session_store.ts";

/** The numbers of the session policy. SQL holds none of them. */
export interface SessionPolicy {
  readonly accessTtlSeconds: number;
  readonly refreshTtlSeconds: number;
  /** Zero: none. */
  readonly absoluteTtlSeconds: number;
  readonly windowSeconds: number;
  /** How many refreshes of a session may come at once. */
  readonly refreshBurst: number;
  /** How far apart a session's refreshes may come for ever. */
  readonly refreshIntervalSeconds: number;
  readonly maxSessionsPerUser: number;
  /** How old `last_active_at` must be before a validate writes it. */
  readonly activityIntervalSeconds: number;
}

export function createRpcSessionStore(rpc: DatabaseRpc, policy: SessionPolicy): SessionStore {
  return {
    async createSession(request, context) {
      const row = parse(
        createSessionRow,
        await rpc("create_session", {
          p_session_id: request.sessionId,
          p_user_id: request.userId,
          p_refresh_token_hash: toBytea(request.refreshTokenHash),
          p_issued_to: toBytea(context.userAgentHash),
          p_device_name: request.deviceName,
          p_aal: request.aal,
          p_amr: [...request.amr],
          p_access_ttl_seconds: policy.accessTtlSeconds,
          p_refresh_ttl_seconds: policy.refreshTtlSeconds,
          p_absolute_ttl_seconds: policy.absoluteTtlSeconds,
          p_max_sessions: policy.maxSessionsPerUser,
          p_presented_session_id: request.presented?.sessionId ?? null,
          p_presented_generation: request.presented?.generation ?? null,
          p_presented_branch: request.presented?.branch ?? null,
          p_presented_hash: request.presented ? toBytea(request.presented.hash) : null,
          p_login_buckets: (request.loginCharge?.buckets ?? []).map(toBytea),
          p_login_charged_at: request.loginCharge?.chargedAt.toISOString() ?? null,
          ...origin(context),
          p_identity_session_id: request.identitySessionId,
        }),
      );
      if (row.outcome !== "created") return row;
      const { outcome, session, replaced, evicted } = row;
      return { outcome, session, replaced, evicted, serverTime: row.server_time };
    },

    async validateSession(request, context) {
      const row = parse(
        validateSessionRow,
        await rpc("validate_session", {
          p_session_id: request.sessionId,
          p_generation: request.generation,
          p_branch: request.branch,
          p_may_confirm: request.mayConfirm,
          p_issued_to: toBytea(context.userAgentHash),
          p_window_seconds: policy.windowSeconds,
          p_activity_interval_seconds: policy.activityIntervalSeconds,
          ...origin(context),
        }),
      );
      return row.outcome === "active"
        ? { outcome: row.outcome, session: row.session, serverTime: row.server_time }
        : { outcome: row.outcome, serverTime: row.server_time };
    },

    async rotateSession(request, context) {
      const row = parse(
        rotateSessionRow,
        await rpc("rotate_session", {
          p_session_id: request.presented.sessionId,
          ...place(request.presented),
          p_successor_hashes: request.successorHashes.map(toBytea),
          p_max_branches: request.maxBranches,
          p_successor_salt: toBytea(request.successorSalt),
          p_successor_key_id: request.successorKeyId,
          p_issued_to: toBytea(context.userAgentHash),
          p_window_seconds: policy.windowSeconds,
          p_access_ttl_seconds: policy.accessTtlSeconds,
          p_refresh_ttl_seconds: policy.refreshTtlSeconds,
          p_refresh_burst: policy.refreshBurst,
          p_refresh_interval_seconds: policy.refreshIntervalSeconds,
          p_event: request.event,
          ...origin(context),
        }),
      );
      if (row.outcome === "throttled") {
        return { outcome: row.outcome, retryAfterSeconds: row.retry_after_seconds };
      }
      if (!("session" in row)) return row;
      const answer = {
        session: row.session,
        refreshTokenHash: row.refresh_token_hash,
        serverTime: row.server_time,
      };
      return row.outcome === "replayed"
        ? {
          ...answer,
          outcome: row.outcome,
          successorSalt: row.successor_salt,
          successorKeyId: row.successor_key_id,
        }
        : { ...answer, outcome: row.outcome };
    },

    async logOut(proof, context) {
      return parse(
        endedSessionsRow,
        await rpc("revoke_session", {
          ...proofArguments(proof),
          p_acting_session_id: null,
          p_reason: "logout",
          ...origin(context),
        }),
      );
    },

    async logOutEverywhere({ proof, scope }, context) {
      return parse(
        endedSessionsRow,
        await rpc("revoke_user_sessions", {
          p_user_id: null,
          ...proofArguments(proof),
          p_scope: scope,
          ...origin(context),
        }),
      );
    },

    async endOwnSession({ sessionId, actingSessionId }, context) {
      return parse(
        endOwnSessionRow,
        await rpc("revoke_session", {
          ...proofArguments({ kind: "access_token", sessionId }),
          p_acting_session_id: actingSessionId,
          p_reason: "revoked_by_user",
          ...origin(context),
        }),
      );
    },

    async listSessions(actingSessionId, context) {
      const row = parse(
        listSessionsRow,
        await rpc("list_user_sessions", { p_session_id: actingSessionId, ...origin(context) }),
      );
      return row.outcome === "active"
        ? { outcome: row.outcome, sessions: row.sessions, serverTime: row.server_time }
        : row;
    },

    async admitLogin(buckets) {
      const row = parse(loginAllowedRow, await rpc("check_login_allowed", limits(buckets)));
      return row.allowed
        ? {
          kind: "admitted",
          charge: { buckets: buckets.map(({ id }) => id), chargedAt: row.charged_at },
        }
        : { kind: "delayed", retryAfterSeconds: row.retry_after_seconds };
    },

    async recordLoginFailure({ charge, refunded, reason }, context) {
      await rpc("record_login_failure", {
        p_buckets: charge.buckets.map(toBytea),
        p_refunded_charge: refunded ? charge.chargedAt.toISOString() : null,
        p_reason: reason,
        ...origin(context),
      });
    },

    async ping() {
      await rpc("check_login_allowed", limits([]));
    },
  };
}

function parse<Schema extends z.ZodType>(schema: Schema, answer: unknown): z.output<Schema> {
  const parsed = schema.safeParse(answer);
  if (parsed.success) return parsed.data;
  throw new ServiceUnavailableError({ dependency: "session_store", code: "unexpected_answer" }, {
    cause: parsed.error,
  });
}

/** As the data API and the driver take it for a `bytea`. */
export function toBytea(bytes: Uint8Array): string {
  return `\\x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex")}`;
}

function limits(buckets: readonly ThrottleBucket[]) {
  return {
    p_buckets: buckets.map(({ id }) => toBytea(id)),
    p_free_failures: buckets.map(({ freeFailures }) => freeFailures),
    p_forgive_seconds: buckets.map(({ forgiveSeconds }) => forgiveSeconds),
    p_max_delay_seconds: buckets.map(({ maxDelaySeconds }) => maxDelaySeconds),
  };
}

function origin(context: RequestContext) {
  return { p_ip: context.ip, p_user_agent: context.userAgent, p_request_id: context.requestId };
}

function place(presented: PresentedRefreshToken) {
  return {
    p_generation: presented.generation,
    p_branch: presented.branch,
    p_hash: toBytea(presented.hash),
  };
}

function proofArguments(proof: SessionProof) {
  return proof.kind === "refresh_token"
    ? { p_session_id: proof.presented.sessionId, ...place(proof.presented) }
    : { p_session_id: proof.sessionId, p_generation: null, p_branch: null, p_hash: null };
}
