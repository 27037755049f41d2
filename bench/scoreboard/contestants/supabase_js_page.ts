/**
 * The page of supabase-js, set up as its documentation shows for a browser.
 *
 * @module
 */

import { createClient, type Session } from "@supabase/supabase-js";
import type { PageContestant } from "../contestant.ts";

const supabase = createClient(location.origin, "sb_publishable_scoreboard");
const told: string[] = [];
let session: Session | null | undefined;
supabase.auth.onAuthStateChange((event, now) => {
  told.push(event);
  session = now;
});

const contestant: PageContestant = {
  signIn: () =>
    supabase.auth.signInWithPassword({ email: "ada@example.com", password: "correct-horse" }),
  isReady: () => session !== undefined,
  isSignedIn: () => Boolean(session),
  async read() {
    return (await supabase.auth.getSession()).data.session !== null;
  },
  async refresh() {
    return (await supabase.auth.refreshSession()).data.session !== null;
  },
  readRenews: true,
  told,
};
Object.assign(globalThis, { contestant });
