/**
 * Shared by the pages of supabase-js and @supabase/ssr: a client, by whatever storage.
 *
 * @module
 */

import type { Session, SupabaseClient } from "@supabase/supabase-js";
import type { PageContestant } from "../contestant.ts";

export function playClient({ auth }: Pick<SupabaseClient, "auth">): void {
  const events: string[] = [];
  let session: Session | null | undefined;
  auth.onAuthStateChange((event, now) => {
    events.push(event);
    session = now;
  });
  const contestant: PageContestant = {
    signIn: () => auth.signInWithPassword({ email: "ada@example.com", password: "correct-horse" }),
    isReady: () => session !== undefined,
    isSignedIn: () => Boolean(session),
    async read() {
      return (await auth.getSession()).data.session !== null;
    },
    async refresh() {
      return (await auth.refreshSession()).data.session !== null;
    },
    readRenews: true,
    events,
  };
  Object.assign(globalThis, { contestant });
}
