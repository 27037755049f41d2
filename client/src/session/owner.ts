/**
 * Whose call it is: of the person who was there when it was made. Nobody else's cookies or token may go
 * with it, however long it has to wait.
 *
 * @module
 */

import type { SessionUser } from "../transport/outcome.ts";

/** Whether the person of the call is still there. A call that nobody made belongs to the first who comes. */
export type IsOwnerThere = () => boolean;

/** To be called when the call is made; `apply` follows what other tabs have written since. */
export function ownerOf<U extends SessionUser>(
  { user, apply }: { readonly user: () => U | null; readonly apply: () => void },
): IsOwnerThere {
  let owner = user();
  return () => {
    apply();
    owner ??= user();
    return owner?.id === user()?.id;
  };
}
