/**
 * The client of Unified Auth: a session in the browser that nothing ends by mistake.
 *
 * @example
 * ```ts
 * import { createAuthClient } from "@unified-auth/client";
 *
 * export const auth = createAuthClient({ baseUrl: "/functions/v1/unified-auth" });
 * const { status, user } = await auth.ready();
 * console.log(status, user?.email);
 * ```
 *
 * @module
 */

export { createAuthClient } from "./auth_client.ts";
export { SessionBusyError, SessionEndedError, SessionUnavailableError } from "./errors.ts";
export type { Instant } from "./clock.ts";
export type { SessionChannel, SessionEnvironment } from "./environment.ts";
export type { DiagnosticEntry, SessionEventName, SessionEvents } from "./events.ts";
export type { DevicesOutcome, EndDeviceOutcome } from "./http_transport.ts";
export type { AppOptions, AuthClientOptions, UnstableTiming } from "./options.ts";
export type {
  Busy,
  LogoutOutcome,
  LogoutScope,
  Refused,
  Rejected,
  RejectReason,
  SessionUser,
  Trigger,
  Unavailable,
} from "./outcome.ts";
export type { InitialSession } from "./server/initial_session.ts";
export type {
  AccessTokenOptions,
  AuthClient,
  AuthRequestInit,
  CheckTrigger,
  Devices,
  FetchOptions,
  PasswordCredentials,
  RefreshedDetail,
  SignIn,
  SignInOutcome,
} from "./session.ts";
export type { Activity, Reason, SessionSnapshot, SessionWarning, Status } from "./snapshot.ts";
export type { SessionEntry, UnifiedAuthUser } from "./views.ts";
