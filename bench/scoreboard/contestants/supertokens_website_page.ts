/**
 * The page of supertokens-website: `init` before anything is fetched, and the global `fetch`
 * afterwards, which it replaces.
 *
 * @module
 */

import SuperTokens from "supertokens-website";
import type { PageContestant } from "../contestant.ts";

const events: string[] = [];
SuperTokens.init({
  apiDomain: location.origin,
  onHandleEvent: ({ action }) => void events.push(action),
});

const contestant: PageContestant = {
  signIn: () => fetch("/auth/signin", { method: "POST" }),
  isReady: () => true,
  isSignedIn: () => /(?:^|; )sFrontToken=/.test(document.cookie),
  read: () => SuperTokens.doesSessionExist(),
  refresh: () => SuperTokens.attemptRefreshingSession(),
  call: (number) => fetch(`/api/things?call=${number}`).then(({ status }) => status, () => 0),
  readRenews: true,
  events,
};
Object.assign(globalThis, { contestant });
