/**
 * The page of oidc-client-ts: one `UserManager`, with its automatic renewal.
 *
 * @module
 */

import { type User, UserManager, WebStorageStateStore } from "oidc-client-ts";
import type { PageContestant } from "../contestant.ts";

const manager = new UserManager({
  authority: location.origin,
  client_id: "scoreboard",
  redirect_uri: `${location.origin}/callback`,
  scope: "api offline_access",
  userStore: new WebStorageStateStore({ store: localStorage }),
});
const names: string[] = [];
let user: User | null = null;
const { events } = manager;
events.addUserLoaded((loaded) => {
  names.push("userLoaded");
  user = loaded;
});
events.addUserUnloaded(() => {
  names.push("userUnloaded");
  user = null;
});
events.addAccessTokenExpiring(() => void names.push("accessTokenExpiring"));
events.addAccessTokenExpired(() => void names.push("accessTokenExpired"));
events.addSilentRenewError(() => void names.push("silentRenewError"));
let isReady = false;
void manager.getUser().then((stored) => {
  user ??= stored;
  isReady = true;
});

const contestant: PageContestant = {
  // Signing in is not what is measured: the grant that needs no page of a provider.
  signIn: () => manager.signinResourceOwnerCredentials({ username: "ada", password: "secret" }),
  isReady: () => isReady,
  isSignedIn: () => user !== null,
  async read() {
    const now = await manager.getUser();
    return now !== null && !now.expired;
  },
  refresh: async () => await manager.signinSilent() !== null,
  renewInBackground: () =>
    new Promise<void>((resolve) => {
      events.addSilentRenewError(() => resolve());
      events.addUserLoaded(() => resolve());
    }),
  readRenews: false,
  events: names,
};
Object.assign(globalThis, { contestant });
