/**
 * The page of better-auth: its client without a framework, and the session as its store has it.
 *
 * @module
 */

import { createAuthClient } from "better-auth/client";
import type { PageContestant } from "../contestant.ts";

const client = createAuthClient();
const session = client.useSession;
const events: string[] = [];
session.listen(({ data, isRefetching, error }) => {
  const state = error ? "error" : isRefetching ? "refetching" : data ? "session" : "none";
  events.push(state);
});

const isSignedIn = () => Boolean(session.get().data);

const contestant: PageContestant = {
  signIn: () => client.signIn.email({ email: "ada@example.com", password: "correct-horse" }),
  isReady: () => !session.get().isPending,
  isSignedIn,
  // An app renders from it; its calls carry the cookie.
  read: () => Promise.resolve(isSignedIn()),
  async refresh() {
    await session.get().refetch();
    return isSignedIn() && session.get().error === null;
  },
  readRenews: false,
  events,
};
Object.assign(globalThis, { contestant });
