/**
 * The client of Unified Auth: a session that is never lost by mistake.
 *
 * @module
 */

export { createSession } from "./create_session.ts";
export { SessionBusyError, SessionEndedError, SessionUnavailableError } from "./errors.ts";
export {
  createHttpTransport,
  type Credentials,
  type EndSessionOutcome,
  type HttpTransport,
  type HttpTransportOptions,
  type SessionsOutcome,
} from "./http_transport.ts";
export { collectMetrics, type SessionMetrics } from "./metrics.ts";
export { createReadCache, type ReadCache, type ReadCacheOptions } from "./read_cache.ts";
export type { SessionChannel, SessionEnvironment } from "./environment.ts";
export type { DiagnosticEntry, SessionEventName, SessionEvents } from "./events.ts";
export { DEFAULTS, type SessionNumbers, type SessionOptions } from "./options.ts";
export type {
  Busy,
  Call,
  LoginOutcome,
  LogoutOutcome,
  LogoutScope,
  Outcome,
  Refused,
  Rejected,
  RejectReason,
  SessionUser,
  Transport,
  Trigger,
  Unavailable,
  Valid,
} from "./outcome.ts";
export type {
  AccessTokenOptions,
  RecoverTrigger,
  RefreshedDetail,
  Session,
  SessionFetchOptions,
  SessionRequestInit,
} from "./session.ts";
export type { Activity, Reason, SessionSnapshot, SessionWarning, Status } from "./snapshot.ts";
export type { SessionEntry, UnifiedAuthUser } from "./views.ts";
