/**
 * The session store over the SQL functions of `supabase/migrations`: names the arguments, hands the
 * policy's numbers over, reads the answers. The only module that knows the functions' signatures.
 *
 * @module
 */

import type * as z from "zod";
import { toBytea } from "./bytea.ts";
import { type CallSqlFunction, storeUnavailable } from "./sql_functions.ts";
import type { Database } from "./database.types.ts";
import { readActiveRow, readGrantedRow } from "./frequent_rows.ts";
import type { GrantedRow, ProofRequiredRow } from "./session_rows.ts";
import { ServiceUnavailableError } from "../service_unavailable.ts";
import { LAST_MIGRATION } from "../version.ts";
import type {
  PresentedRefreshToken,
  ProofRequired,
  ProposedSuccessor,
  RequestContext,
  SessionProof,
  SessionStore,
  ThrottleBucket,
} from "./session_store.ts";
import type { PresentedProof } from "../tokens/key_proof.ts";
import type { TokenPlace } from "../tokens/token_place.ts";

type CompositeTypes = Database["public"]["CompositeTypes"];

/** The numbers of the session policy. SQL holds none of them. */
export interface SessionPolicy {
  readonly accessTtlSeconds: number;
  readonly refreshTtlSeconds: number;
  /** Zero: none. */
  readonly absoluteTtlSeconds: number;
  /** In which the predecessor of a token is answered the same token. */
  readonly reuseIntervalSeconds: number;
  /** How many refreshes of a session may come at once. */
  readonly refreshBurst: number;
  /** How far apart a session's refreshes may come forever. */
  readonly refreshIntervalSeconds: number;
  readonly maxSessionsPerUser: number;
  /** How old `last_active_at` must be before a validate writes it. */
  readonly activityIntervalSeconds: number;
  /** How long a session must be quiet before another key may take it over. Null: never. */
  readonly rebindAfterSeconds: number | null;
  /** How many right passwords of an account may come at once. @default {any number} */
  readonly rightPasswordBurst?: number;
  /** How far apart they may come forever. */
  readonly rightPasswordIntervalSeconds?: number;
  /** The roles whose users may hold a token. @default {["authenticated"]} */
  readonly allowedRoles?: readonly string[];
  /** `schema.function`. @default {null} */
  readonly accessTokenHook?: string | null;
  /** The `iss` of every access token, which the hook is given. @default {""} */
  readonly issuer?: string;
}

export function createSqlSessionStore(call: CallSqlFunction, policy: SessionPolicy): SessionStore {
  const p_policy = toPolicyArgument(policy);
  const p_token_policy = toTokenPolicyArgument(policy);
  return {
    async createSession(request, context) {
      const row = await parse(
        (rows) => rows.createSessionRow,
        await call("create_session", {
          p_session_id: request.sessionId,
          p_user_id: request.userId,
          p_refresh_token_hash: toBytea(request.refreshTokenHash),
          p_lineage: toBytea(request.lineage),
          p_key_thumbprint: orNull(request.keyThumbprint, toBytea),
          p_device_name: request.deviceName,
          p_aal: request.aal,
          p_amr: [...request.amr],
          p_presented: orNull(request.presented, toPresentedArgument),
          p_login_buckets: (request.loginCharge?.buckets ?? []).map(toBytea),
          p_login_charged_at: request.loginCharge?.chargedAt.toISOString() ?? null,
          p_identity_session_id: request.identitySessionId,
          p_policy,
          p_context: toContextArgument(context),
          p_token_policy,
        }),
      );
      if (row.outcome !== "created") return row;
      const { outcome, session, replaced, evicted } = row;
      return { outcome, session, replaced, evicted, serverTime: row.server_time };
    },

    async validateSession(request, context) {
      const answer = await call("validate_session", {
        p_session_id: request.sessionId,
        p_generation: request.generation,
        p_branch: request.branch,
        p_may_confirm: request.mayConfirm,
        p_policy,
        p_context: toContextArgument(context),
      });
      const row = readActiveRow(answer) ?? await parse((rows) => rows.validateSessionRow, answer);
      return row.outcome === "active"
        ? { outcome: row.outcome, session: row.session, serverTime: row.server_time }
        : { outcome: row.outcome, serverTime: row.server_time };
    },

    async rotateSession(request, context) {
      const answer = await call("rotate_session", {
        p_presented: toPresentedArgument(request.presented),
        p_proof: orNull(request.proof, toProofArgument),
        p_successor: toSuccessorArgument(request.successor),
        p_policy,
        p_event: request.event,
        p_context: toContextArgument(context),
        p_token_policy,
      });
      const row = readGrantedRow(answer) ?? await parse((rows) => rows.rotateSessionRow, answer);
      switch (row.outcome) {
        case "throttled":
          return { outcome: row.outcome, retryAfterSeconds: row.retry_after_seconds };
        case "successor_wanted":
          return {
            outcome: row.outcome,
            generation: row.wanted_generation,
            branch: row.wanted_branch,
            lineage: row.session_lineage,
          };
        case "proof_required":
          return toProofRequired(row);
        case "replayed":
          return {
            outcome: row.outcome,
            ...toGranted(row),
            successorSalt: row.successor_salt,
            successorKeyId: row.successor_key_id,
            lineage: row.session_lineage,
          };
        case "unchanged":
        case "rotated":
        case "reissued":
          return { outcome: row.outcome, ...toGranted(row) };
        default:
          return row;
      }
    },

    async logOut(proof, context) {
      const own = proof.kind === "refresh_token" ? proof.presented : proof;
      const row = await parse(
        (rows) => rows.endedSessionsRow,
        await call("revoke_session", {
          p_session_id: own.sessionId,
          p_reason: "logout",
          p_context: toContextArgument(context),
          ...proof.kind === "refresh_token"
            ? { ...toTokenArguments(proof), p_access: null }
            : { ...NO_TOKEN, p_access: toPlaceArgument(proof) },
          p_acting: null,
          p_policy,
        }),
      );
      return row.outcome === "proof_required" ? toProofRequired(row) : row;
    },

    async logOutEverywhere({ proof, scope }, context) {
      const row = await parse(
        (rows) => rows.endedSessionsRow,
        await call("revoke_user_sessions", {
          p_scope: scope,
          p_context: toContextArgument(context),
          p_user_id: null,
          ...proof.kind === "refresh_token"
            ? { ...toTokenArguments(proof), p_acting: null }
            : { ...NO_TOKEN, p_acting: toPlaceArgument(proof) },
          p_policy,
        }),
      );
      return row.outcome === "proof_required" ? toProofRequired(row) : row;
    },

    async endOwnSession({ sessionId, acting }, context) {
      return await parse(
        (rows) => rows.endOwnSessionRow,
        await call("revoke_session", {
          p_session_id: sessionId,
          p_reason: "revoked_by_user",
          p_context: toContextArgument(context),
          ...NO_TOKEN,
          p_access: null,
          p_acting: toPlaceArgument(acting),
          p_policy,
        }),
      );
    },

    async listSessions(acting, context) {
      const row = await parse(
        (rows) => rows.listSessionsRow,
        await call("list_user_sessions", {
          p_acting: toPlaceArgument(acting),
          p_context: toContextArgument(context),
        }),
      );
      return row.outcome === "active"
        ? { outcome: row.outcome, sessions: row.sessions, serverTime: row.server_time }
        : row;
    },

    async admitLogin(buckets) {
      const row = await parse(
        (rows) => rows.loginAllowedRow,
        await call("check_login_allowed", {
          ...limits(buckets),
          p_right_password_burst: policy.rightPasswordBurst ?? null,
          p_right_password_interval_seconds: policy.rightPasswordIntervalSeconds ?? null,
        }),
      );
      return row.allowed
        ? {
          kind: "admitted",
          charge: { buckets: buckets.map(({ id }) => id), chargedAt: row.charged_at },
        }
        : { kind: "delayed", retryAfterSeconds: row.retry_after_seconds };
    },

    async recordLoginFailure({ charge, refunded, reason, passwordWasRight }, context) {
      await call("record_login_failure", {
        p_buckets: charge.buckets.map(toBytea),
        p_refunded_charge: refunded ? charge.chargedAt.toISOString() : null,
        p_reason: reason,
        p_context: toContextArgument(context),
        p_right_password_interval_seconds: passwordWasRight
          ? policy.rightPasswordIntervalSeconds ?? null
          : null,
      });
    },

    async hasAccessTokenHook(hook) {
      const answer = await call("check_access_token_hook", { p_hook: hook });
      return await parse((rows) => rows.accessTokenHookRow, answer);
    },

    async hasMigrations() {
      return await readLastMigration(call) >= LAST_MIGRATION;
    },

    async readDatabaseState() {
      const answer = await call("database_is_read_only", {});
      return await parse((rows) => rows.databaseIsReadOnly, answer) ? "read_only" : "ready";
    },
  };
}

/** PostgREST's and PostgreSQL's codes for a function that does not exist. */
const UNDEFINED_FUNCTION: ReadonlySet<string> = new Set(["PGRST202", "42883"]);

/** Zero: a database of version 0.1.0, which does not say it. */
async function readLastMigration(call: CallSqlFunction): Promise<number> {
  try {
    const answer = await call("unified_auth_last_migration", {});
    return await parse((rows) => rows.lastMigration, answer);
  } catch (error: unknown) {
    if (error instanceof ServiceUnavailableError && UNDEFINED_FUNCTION.has(error.code)) return 0;
    throw error;
  }
}

/** Loads the schemas with the first answer that is not among the frequent ones: not with a cold start. */
async function parse<Schema extends z.ZodType>(
  choose: (rows: typeof import("./session_rows.ts")) => Schema,
  answer: unknown,
): Promise<z.output<Schema>> {
  const parsed = choose(await import("./session_rows.ts")).safeParse(answer);
  if (parsed.success) return parsed.data;
  throw storeUnavailable("unexpected_answer", parsed.error);
}

function limits(buckets: readonly ThrottleBucket[]) {
  return {
    p_buckets: buckets.map(({ id }) => toBytea(id)),
    p_free_failures: buckets.map(({ freeFailures }) => freeFailures),
    p_forgive_seconds: buckets.map(({ forgiveSeconds }) => forgiveSeconds),
    p_max_delay_seconds: buckets.map(({ maxDelaySeconds }) => maxDelaySeconds),
  };
}

function orNull<Value, Argument>(
  value: Value | null,
  toArgument: (value: Value) => Argument,
): Argument | null {
  return value === null ? null : toArgument(value);
}

/** The policy as the functions take it. */
export function toPolicyArgument(policy: SessionPolicy): CompositeTypes["session_policy"] {
  return {
    access_ttl_seconds: policy.accessTtlSeconds,
    refresh_ttl_seconds: policy.refreshTtlSeconds,
    absolute_ttl_seconds: policy.absoluteTtlSeconds,
    reuse_interval_seconds: policy.reuseIntervalSeconds,
    refresh_burst: policy.refreshBurst,
    refresh_interval_seconds: policy.refreshIntervalSeconds,
    max_sessions: policy.maxSessionsPerUser,
    activity_interval_seconds: policy.activityIntervalSeconds,
    right_password_interval_seconds: policy.rightPasswordIntervalSeconds ?? null,
    rebind_after_seconds: policy.rebindAfterSeconds,
  };
}

function toTokenPolicyArgument(policy: SessionPolicy): CompositeTypes["access_token_policy"] {
  return {
    issuer: policy.issuer ?? "",
    allowed_roles: [...policy.allowedRoles ?? ["authenticated"]],
    hook: policy.accessTokenHook ?? null,
  };
}

function toContextArgument(context: RequestContext): CompositeTypes["request_context"] {
  return { ip: context.ip, user_agent: context.userAgent, request_id: context.requestId };
}

function toPlaceArgument(place: TokenPlace): CompositeTypes["token_place"] {
  return { session_id: place.sessionId, generation: place.generation, branch: place.branch };
}

function toPresentedArgument(
  presented: PresentedRefreshToken,
): CompositeTypes["presented_refresh_token"] {
  return {
    ...toPlaceArgument(presented),
    hash: toBytea(presented.hash),
    key: orNull(presented.key, toBytea),
    lineage: orNull(presented.lineage, toBytea),
  };
}

function toProofArgument(
  { thumbprint, challenge }: PresentedProof,
): CompositeTypes["presented_proof"] {
  return {
    thumbprint: toBytea(thumbprint),
    session_id: challenge?.sessionId ?? null,
    generation: challenge?.generation ?? null,
    branch: challenge?.branch ?? null,
    challenged_at: challenge?.challengedAt.toISOString() ?? null,
  };
}

function toSuccessorArgument(
  successor: ProposedSuccessor,
): CompositeTypes["proposed_successor"] {
  return {
    generation: successor.generation,
    branch: successor.branch,
    hash: toBytea(successor.hash),
    lineage: toBytea(successor.lineage),
    salt: orNull(successor.salt, toBytea),
    key_id: successor.keyId,
  };
}

const NO_TOKEN = { p_presented: null, p_proof: null } as const;

function toTokenArguments(
  { presented, proof }: Extract<SessionProof, { kind: "refresh_token" }>,
) {
  return {
    p_presented: toPresentedArgument(presented),
    p_proof: orNull(proof, toProofArgument),
  };
}

function toGranted(row: Omit<GrantedRow, "outcome">) {
  return {
    session: row.session,
    refreshTokenHash: row.refresh_token_hash,
    serverTime: row.server_time,
  };
}

function toProofRequired({ outcome, server_time }: ProofRequiredRow): ProofRequired {
  return { outcome, serverTime: server_time };
}
