/**
 * The wire's name for each way in which a session is over.
 *
 * @module
 */

import type { SessionOverCode } from "../errors.ts";
import type { SessionEnd } from "../session_store.ts";

const CODES = {
  revoked: "session_revoked",
  evicted: "session_evicted",
  expired: "session_expired",
  not_found: "session_not_found",
  reused: "refresh_token_reused",
  banned: "user_banned",
} as const satisfies Record<SessionEnd, SessionOverCode>;

export function sessionOverCode(end: SessionEnd): SessionOverCode {
  return CODES[end];
}
