/**
 * The store that the use cases call, and its answers. Outcomes are the SQL functions' own, so a new one
 * does not compile until every switch handles it.
 *
 * @module
 */

import type { KeyThumbprint, Lineage, RefreshTokenHash, SessionId, UserId } from "../brands.ts";
import type { PresentedProof } from "../tokens/key_proof.ts";
import type { TokenPlace } from "../tokens/token_place.ts";
import type { Database, Json } from "./database.types.ts";

type Enums = Database["public"]["Enums"];

export type LoginOutcome = Enums["login_outcome"];
export type ValidationOutcome = Enums["validation_outcome"];
export type RotationOutcome = Enums["rotation_outcome"];
export type RevocationOutcome = Enums["revocation_outcome"];
export type LogoutScope = Enums["logout_scope"];

/** Why a session has ended, as every function answers it. */
export type SessionEnd = Exclude<ValidationOutcome, "active" | "stale">;

/** Who sent the request, for the audit log. No rule depends on it. */
export interface RequestContext {
  readonly requestId: string;
  /** From the trusted header, or null where there is none. */
  readonly ip: string | null;
  readonly userAgent: string | null;
}

/** A live session with its user. Times are the database's. */
export interface LiveSession {
  readonly sessionId: SessionId;
  readonly userId: UserId;
  readonly email: string | null;
  readonly phone: string | null;
  /** The user's own in `auth.users`. */
  readonly role: string | null;
  readonly isAnonymous: boolean;
  readonly appMetadata: Readonly<Record<string, Json | undefined>>;
  /** Empty where it is omitted. */
  readonly userMetadata: Readonly<Record<string, Json | undefined>>;
  /** It is too large for an answer, and was not read. */
  readonly userMetadataOmitted: boolean;
  readonly generation: number;
  readonly branch: number;
  readonly createdAt: Date;
  readonly lastActiveAt: Date;
  readonly accessTokenExpiresAt: Date;
  readonly refreshTokenExpiresAt: Date;
  readonly aal: string;
  readonly amr: readonly Json[];
  /** The key that the session's current refresh token was issued to. Null: none. */
  readonly keyThumbprint: KeyThumbprint | null;
  /** The claims that the project's hook adds to the access token that is signed now. Null: no hook, or no token. */
  readonly addedClaims: Readonly<Record<string, Json | undefined>> | null;
}

/** A live session and the moment, by the database's clock, at which it was. */
export interface SessionAt {
  readonly session: LiveSession;
  readonly serverTime: Date;
}

/** A refresh token, without its secret. */
export interface PresentedRefreshToken extends TokenPlace {
  readonly hash: RefreshTokenHash;
  /** The key that it was issued to. Null: none. */
  readonly key: KeyThumbprint | null;
  /** Null in a token of version 1, which carries none. */
  readonly lineage: Lineage | null;
}

export interface CreateSessionRequest {
  readonly sessionId: SessionId;
  readonly userId: UserId;
  readonly refreshTokenHash: RefreshTokenHash;
  readonly lineage: Lineage;
  /** The key that the login proved, and that the session is bound to. Null: it is not bound. */
  readonly keyThumbprint: KeyThumbprint | null;
  readonly deviceName: string | null;
  readonly aal: string;
  readonly amr: readonly Json[];
  /** The genuine refresh token that the browser still held: its session ends. */
  readonly presented: PresentedRefreshToken | null;
  /** The provider's session that the login stands on: gone, nobody is signed in. Null: not known. */
  readonly identitySessionId: string | null;
  /** The throttle's charge for the login, which is refunded. Null: an exchange, never charged. */
  readonly loginCharge: LoginCharge | null;
}

/** The project's custom access token hook refused the token, or failed: nothing was changed. */
export interface HookRefused {
  readonly outcome: "hook_refused";
  /** The hook's message, for the log. */
  readonly hookError: string;
}

export type CreateSessionAnswer =
  | (
    & { readonly outcome: "created"; readonly replaced: number; readonly evicted: number }
    & SessionAt
  )
  | HookRefused
  | { readonly outcome: Exclude<LoginOutcome, "created" | "hook_refused"> };

export interface ValidateSessionRequest extends TokenPlace {
  /** False if the same request proves that this generation's refresh token never arrived. */
  readonly mayConfirm: boolean;
}

export type ValidateSessionAnswer =
  | ({ readonly outcome: "active" } & SessionAt)
  /** `stale`: another branch took this token's place. Nothing was changed; a refresh decides. */
  | { readonly outcome: "stale" | SessionEnd; readonly serverTime: Date };

/** The token that the caller would answer, if the database takes it. Its key is the proof's. */
export interface ProposedSuccessor {
  readonly generation: number;
  readonly branch: number;
  readonly hash: RefreshTokenHash;
  readonly lineage: Lineage;
  /** Null: none is kept, because the caller lacks the session key that derived the row's successor. */
  readonly salt: Uint8Array | null;
  /** The session key that derived it. Null with the salt. */
  readonly keyId: string | null;
}

export interface RotateSessionRequest {
  readonly presented: PresentedRefreshToken;
  readonly proof: PresentedProof | null;
  readonly successor: ProposedSuccessor;
  readonly event: "refresh" | "auto_refresh";
}

/**
 * Nothing was changed: a proof over a fresh challenge is needed. Does not say where the session stands:
 * a copied token could read from that when its owner refreshes.
 */
export interface ProofRequired {
  readonly outcome: "proof_required";
  readonly serverTime: Date;
}

/** The outcomes after which the session lives on with a token to answer. */
export type ContinuedOutcome = "unchanged" | "rotated" | "replayed" | "reissued";

/** The outcomes after which no token of this session is answered. */
export type RefusedRotation = Exclude<
  RotationOutcome,
  ContinuedOutcome | "throttled" | "successor_wanted" | "proof_required" | "hook_refused"
>;

export type RotateSessionAnswer =
  | ({
    readonly outcome: Exclude<ContinuedOutcome, "replayed">;
    readonly refreshTokenHash: RefreshTokenHash;
  } & SessionAt)
  | ({
    readonly outcome: "replayed";
    readonly refreshTokenHash: RefreshTokenHash;
    /** With the presented token's secret, derives the same successor again. */
    readonly successorSalt: Uint8Array;
    readonly successorKeyId: string;
    /** The session's. Null: it has none yet. */
    readonly lineage: Lineage | null;
  } & SessionAt)
  | { readonly outcome: "throttled"; readonly retryAfterSeconds: number }
  /** Nothing was changed: a successor of this place is needed. */
  | {
    readonly outcome: "successor_wanted";
    readonly generation: number;
    readonly branch: number;
    /** The session's. Null: it has none yet, the caller's choice stands. */
    readonly lineage: Lineage | null;
  }
  | ProofRequired
  | HookRefused
  | { readonly outcome: RefusedRotation };

/** The token that a request ends sessions with: a refresh token, or an access token already verified. */
export type SessionProof =
  | {
    readonly kind: "refresh_token";
    readonly presented: PresentedRefreshToken;
    readonly proof: PresentedProof | null;
  }
  | ({ readonly kind: "access_token" } & TokenPlace);

export type EndedSessions =
  | {
    readonly outcome: Exclude<RevocationOutcome, "proof_required">;
    readonly ended: number;
  }
  | ProofRequired;

export type EndOwnSessionAnswer =
  | { readonly acting: "active"; readonly outcome: "ended" | "already_ended" | "not_found" }
  /** The token that asks may not act: nothing was ended. */
  | { readonly acting: Exclude<ValidationOutcome, "active"> };

export interface ListedSession {
  readonly sessionId: SessionId;
  readonly createdAt: Date;
  readonly lastActiveAt: Date;
  readonly deviceName: string | null;
  readonly userAgent: string | null;
  readonly ip: string | null;
  readonly aal: string;
}

export type ListSessionsAnswer =
  | {
    readonly outcome: "active";
    readonly sessions: readonly ListedSession[];
    readonly serverTime: Date;
  }
  | { readonly outcome: "stale" | SessionEnd };

/** One bucket of the login throttle with what its failures cost. */
export interface ThrottleBucket {
  /** Keyed hash of what the bucket counts: 32 bytes. */
  readonly id: Uint8Array;
  readonly freeFailures: number;
  /** After how long one failure is forgiven. */
  readonly forgiveSeconds: number;
  readonly maxDelaySeconds: number;
}

/** A login that was counted as a failure before its password is checked. */
export interface LoginCharge {
  readonly buckets: readonly Uint8Array[];
  readonly chargedAt: Date;
}

export type LoginAdmission =
  | { readonly kind: "admitted"; readonly charge: LoginCharge }
  | { readonly kind: "delayed"; readonly retryAfterSeconds: number };

export interface LoginFailure {
  readonly charge: LoginCharge;
  /** Whether the charge is taken back: the password was right, or nobody checked it. */
  readonly refunded: boolean;
  /** It counts, whatever else was in the way: each right password leaves rows behind. @default {false} */
  readonly passwordWasRight?: boolean;
  /** For the audit log; null: nobody judged the login, there is nothing to record. */
  readonly reason: string | null;
}

/** `read_only`: a standby, or a database that has been made read-only, as one whose disk is full. */
export type DatabaseState = "ready" | "read_only";

/** Each method is one round trip. All reject with `ServiceUnavailableError` alone. */
export interface SessionStore {
  createSession(
    request: CreateSessionRequest,
    context: RequestContext,
  ): Promise<CreateSessionAnswer>;
  validateSession(
    request: ValidateSessionRequest,
    context: RequestContext,
  ): Promise<ValidateSessionAnswer>;
  rotateSession(
    request: RotateSessionRequest,
    context: RequestContext,
  ): Promise<RotateSessionAnswer>;
  /** Ends the session that the proof belongs to. */
  logOut(proof: SessionProof, context: RequestContext): Promise<EndedSessions>;
  /** Ends the other sessions, or all, of the proof's user. */
  logOutEverywhere(
    request: { readonly proof: SessionProof; readonly scope: Exclude<LogoutScope, "local"> },
    context: RequestContext,
  ): Promise<EndedSessions>;
  /** Ends one of the user's own sessions, by an access token of another live one. */
  endOwnSession(
    request: { readonly sessionId: SessionId; readonly acting: TokenPlace },
    context: RequestContext,
  ): Promise<EndOwnSessionAnswer>;
  listSessions(acting: TokenPlace, context: RequestContext): Promise<ListSessionsAnswer>;
  /** Whether a login may be tried now; if so, it is counted as a failure until it is known to be none. */
  admitLogin(buckets: readonly ThrottleBucket[]): Promise<LoginAdmission>;
  /** How an admitted login ended without a session. */
  recordLoginFailure(failure: LoginFailure, context: RequestContext): Promise<void>;
  /** Whether there is such a custom access token hook, `schema.function`. */
  hasAccessTokenHook(hook: string): Promise<boolean>;
  /** Whether the database has had the migrations that these functions need. */
  hasMigrations(): Promise<boolean>;
  /** Whether the database takes writes. */
  readDatabaseState(): Promise<DatabaseState>;
}
