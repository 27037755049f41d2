/**
 * React bindings of the client.
 *
 * @example
 * ```tsx
 * import { createAuthClient } from "@unified-auth/client";
 * import { createAuthHooks } from "@unified-auth/client/react";
 *
 * const auth = createAuthClient({ baseUrl: "/functions/v1/unified-auth" });
 * export const { useAuth, useCanMutate } = createAuthHooks(auth);
 * ```
 *
 * @module
 */

export type { SessionEndedBannerProps, SessionWarningBannerProps } from "./banners.ts";
export {
  type AuthHooks,
  type AuthProviderProps,
  type CountedWarning,
  createAuthHooks,
  type HookedClient,
} from "./create_auth_hooks.ts";
