/**
 * React bindings of the client.
 *
 * @module
 */

export {
  SessionEndedBanner,
  type SessionEndedBannerProps,
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
