/**
 * The HTTP code of each way in which a session ends.
 *
 * @module
 */

import type { SessionEndedCode } from "../errors.ts";
import type { SessionEnd } from "../store/session_store.ts";

const CODES = {
  revoked: "session_revoked",
  evicted: "session_evicted",
  expired: "session_expired",
  not_found: "session_not_found",
  reused: "refresh_token_already_used",
  banned: "user_banned",
} as const satisfies Record<SessionEnd, SessionEndedCode>;

export function sessionEndedCode(end: SessionEnd): SessionEndedCode {
  return CODES[end];
}
