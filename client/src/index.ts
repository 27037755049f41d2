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
export type { AuthClient, Devices } from "./auth_client.ts";
export { SessionBusyError, SessionEndedError, SessionUnavailableError } from "./session/errors.ts";
export type { Instant } from "./environment.ts";
export type { SessionChannel, SessionEnvironment } from "./environment.ts";
export type { DiagnosticEntry, SessionEventName, SessionEvents } from "./state/events.ts";
export type { DevicesOutcome, EndDeviceOutcome } from "./transport/devices.ts";
export type { AppOptions, AuthClientOptions, UnstableTiming } from "./session/options.ts";
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
} from "./transport/outcome.ts";
export type {
  MailType,
  MessageOptions,
  Mfa,
  OAuthRequest,
  OtpRequest,
  OtpVerification,
  PasswordCredentials,
  SignIn,
} from "./sign_in/sign_in.ts";
export type {
  AccountName,
  AccountOutcome,
  ChallengeOutcome,
  EnrolledFactor,
  FactorOutcome,
  ListedFactors,
  MessageOutcome,
  MessageSent,
  OAuthOutcome,
  PasskeyOutcome,
  ReturnOutcome,
  SignedIn,
  SignInOutcome,
  SignUpOutcome,
  VerifyOutcome,
} from "./sign_in/outcomes.ts";
export type { InitialSession } from "./server/initial_session.ts";
export type {
  AccessTokenOptions,
  AuthRequestInit,
  CheckTrigger,
  FetchOptions,
  RefreshedDetail,
  SessionClient,
} from "./session/session.ts";
export type {
  Activity,
  Reason,
  SessionSnapshot,
  SessionWarning,
  Status,
} from "./state/snapshot.ts";
export type { Factor, MfaRequired, OwnFactor } from "./transport/second_factor.ts";
export type { SessionEntry, UnifiedAuthUser } from "./transport/views.ts";
