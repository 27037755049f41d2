/**
 * The session as a server hands it to the page that it renders, so that the first paint is right: plain data that
 * survives JSON, without any token.
 *
 * @module
 */

import type { UnifiedAuthUser } from "../transport/views.ts";

/**
 * The session as the server knew it when it rendered. The browser takes it for the first paint and
 * verifies it at once; what the browser itself knows to be newer wins.
 *
 * @example
 * ```ts
 * import type { InitialSession } from "@unified-auth/client/server";
 *
 * const initial: InitialSession = { status: "signed-out", user: null, sessionId: null, serverTime: null };
 * ```
 */
export interface InitialSession<User extends { readonly id: string } = UnifiedAuthUser> {
  /** How the session stood, as far as the request could prove it. */
  readonly status: "active" | "grace" | "stale" | "signed-out" | "unavailable";
  /** Set while `status` is `active` or `grace`. */
  readonly user: User | null;
  /** The session's id, where the server knew one. */
  readonly sessionId: string | null;
  /** When the function answered, RFC 3339 by its own clock; null where it was not called. */
  readonly serverTime: string | null;
}
