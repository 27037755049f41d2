/**
 * The page of this repository's client, with all options at their defaults.
 *
 * @module
 */

import { createAuthClient, type SessionEventName } from "../../../client/src/index.ts";
import { SEED_USERS } from "../../../local/platform/seed_users.ts";
import type { PageContestant } from "../contestant.ts";

const session = createAuthClient({ baseUrl: "/functions/v1/unified-auth" });
const events: string[] = [];
const NAMES: readonly SessionEventName[] = [
  "signed-in",
  "signed-out",
  "session-refreshed",
  "session-ended",
  "user-changed",
];
for (const name of NAMES) session.on(name, () => void events.push(name));
session.subscribe(() => void events.push("state"));

const isSignedIn = () => session.getSnapshot().user !== null && !session.getSnapshot().sessionEnded;

const contestant: PageContestant = {
  signIn: () => {
    const { email, password } = SEED_USERS.ada;
    return session.signIn.withPassword({ email, password });
  },
  isReady: () => {
    const { status, activity } = session.getSnapshot();
    return status !== "unknown" && status !== "restoring" && activity === "idle";
  },
  isSignedIn,
  async read() {
    await session.getAccessToken();
    return isSignedIn();
  },
  async refresh() {
    return (await session.refresh()).status === "active";
  },
  async call(number) {
    const url = `/functions/v1/unified-auth/sessions?call=${number}`;
    const reply = await session.fetch(url).catch(() => null);
    return reply?.status ?? 0;
  },
  readRenews: false,
  events,
};
Object.assign(globalThis, { contestant, session });
