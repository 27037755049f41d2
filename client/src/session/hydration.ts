/**
 * The session at the first paint of a page that a server rendered for its visitor.
 *
 * @module
 */

import type { SessionUser } from "../transport/outcome.ts";
import type { InitialSession } from "../server/initial_session.ts";
import type { SharedRecord } from "../tabs/shared_record.ts";
import type { Status } from "../state/transition.ts";

/** `initial` as a state, unless this browser knows better: a page may come out of a cache. */
export function hydratedState<U extends SessionUser>(
  { status, user, sessionId }: InitialSession<U>,
  { grant, ended, endedId }: SharedRecord<U>,
): { readonly status: Status; readonly user: U | null } {
  const isOutdated = sessionId !== null &&
    (grant ? grant.sessionId !== sessionId : ended !== null && endedId === sessionId);
  if (isOutdated) return { status: "restoring", user: null };
  switch (status) {
    case "active":
      return { status: "active", user };
    case "signed-out":
      // Rendered before the sign-in, or on a server that these cookies do not reach.
      return { status: grant ? "restoring" : "signed-out", user: null };
    case "grace":
    case "stale":
    case "unavailable":
      return { status: "restoring", user };
    default:
      return status satisfies never;
  }
}
