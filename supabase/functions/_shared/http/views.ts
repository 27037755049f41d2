/**
 * Renders what the use cases answer as the JSON of the API.
 *
 * @module
 */

import type { ProofChallenge, RawAccessToken } from "../brands.ts";
import { type ErrorCode, ERRORS } from "../errors.ts";
import type { SessionKeys } from "../tokens/session_keys.ts";
import type { LiveSession, SessionAt } from "../store/session_store.ts";
import type { GraceResult } from "../sessions/grace.ts";
import { challenge } from "../sessions/proof.ts";
import type { GraceView, SessionView } from "./schemas.ts";

export function renderSession(
  { session, serverTime }: SessionAt,
  { refreshed, accessToken, bindsSessions, keys }: {
    readonly refreshed: boolean;
    /** Null where the deployment does not expose it. */
    readonly accessToken: RawAccessToken | null;
    readonly bindsSessions: boolean;
    readonly keys: SessionKeys;
  },
): SessionView {
  return {
    valid: true,
    refreshed,
    user: renderUser(session),
    session: {
      id: session.sessionId,
      generation: session.generation,
      created_at: session.createdAt.toISOString(),
      last_active_at: session.lastActiveAt.toISOString(),
      aal: session.aal,
      expires_at: Math.floor(session.accessTokenExpiresAt.getTime() / 1000), // the token's `exp`
      access_token_expires_at: session.accessTokenExpiresAt.toISOString(),
      access_token_expires_in: secondsBetween(serverTime, session.accessTokenExpiresAt),
      refresh_token_expires_at: session.refreshTokenExpiresAt.toISOString(),
      refresh_token_expires_in: secondsBetween(serverTime, session.refreshTokenExpiresAt),
      bound: bindsSessions && session.keyThumbprint !== null,
      challenge: challenge({ keys }, session, serverTime),
    },
    ...(accessToken === null ? {} : { access_token: accessToken }),
    server_time: serverTime.toISOString(),
  };
}

function renderUser(session: LiveSession): SessionView["user"] {
  return {
    id: session.userId,
    email: session.email,
    phone: session.phone,
    is_anonymous: session.isAnonymous,
    role: session.role,
    app_metadata: { ...session.appMetadata },
    user_metadata: { ...session.userMetadata },
    ...(session.userMetadataOmitted ? { user_metadata_omitted: true as const } : {}),
  };
}

export function renderGrace(
  { kind, session, accessTokenExpiresAt, graceEndsAt, serverTime }: Exclude<
    GraceResult,
    { kind: "refused" }
  >,
  /** Null where the deployment does not expose it. */
  accessToken: RawAccessToken | null,
): GraceView {
  return {
    valid: true,
    status: kind,
    can_mutate: kind === "active",
    should_refresh: kind === "grace",
    user_id: session.userId,
    session_id: session.sessionId,
    user: renderUser(session),
    access_token_expires_at: accessTokenExpiresAt.toISOString(),
    grace_ends_at: graceEndsAt?.toISOString() ?? null,
    ...(accessToken === null ? {} : { access_token: accessToken }),
    server_time: serverTime.toISOString(),
  };
}

export function renderError(
  code: ErrorCode,
  { detail, challenge, isStale, requestId, saysInvalid }: {
    readonly detail: string | null;
    readonly challenge: ProofChallenge | null;
    readonly isStale: boolean;
    readonly requestId: string;
    /** The two validates answer `valid: false` beside the code. */
    readonly saysInvalid: boolean;
  },
): Record<string, unknown> {
  const { message } = ERRORS[code];
  return {
    ...(saysInvalid ? { valid: false } : {}),
    code,
    message: detail === null ? message : `${message.replace(/\.$/, "")}: ${detail}`,
    request_id: requestId,
    ...(challenge === null ? {} : { challenge }),
    ...(isStale ? { status: "stale", should_refresh: true } : {}),
  };
}

/** Whole seconds from one moment to another, as a JWT counts them; never less than zero. */
export function secondsBetween(from: Date, to: Date): number {
  return Math.max(0, Math.floor(to.getTime() / 1000) - Math.floor(from.getTime() / 1000));
}
