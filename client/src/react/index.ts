/**
 * React bindings of the client.
 *
 * @module
 */

export {
  SessionExpiredBanner,
  type SessionExpiredBannerProps,
  SessionWarningBanner,
  type SessionWarningBannerProps,
} from "./banners.ts";
export { SessionProvider, type SessionProviderProps, useSessionClient } from "./context.ts";
export {
  type CountedWarning,
  useCanMutate,
  useSession,
  useSessionEvent,
  useSessionWarning,
} from "./hooks.ts";
