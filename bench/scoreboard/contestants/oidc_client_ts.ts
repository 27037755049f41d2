/**
 * oidc-client-ts against a stand-in of an OpenID provider.
 *
 * @module
 */

import type { Contestant } from "../contestant.ts";
import { arenaOf } from "../stand_ins/arena.ts";
import { GRACE_SECONDS, oidcProvider } from "../stand_ins/oidc_provider.ts";

export const oidcClientTs: Contestant = {
  id: "oidc-client-ts",
  name: "oidc-client-ts",
  packages: ["oidc-client-ts"],
  configuration: "`new UserManager({ authority, client_id, redirect_uri, scope })` with " +
    "`automaticSilentRenew` on as it is by default, refresh tokens (`offline_access`), and the " +
    "documentation's own example `userStore: new WebStorageStateStore({ store: localStorage })`, " +
    "because by default each tab would have a separate session. The user interface listens to " +
    "`UserManagerEvents`. Signed in by `signinResourceOwnerCredentials`.",
  backend:
    "A stand-in of a provider's metadata and token endpoint. Refresh tokens rotate; a used " +
    `one gets the newest one again for ${GRACE_SECONDS} s, then the session is revoked.`,
  remarks: "Its `silentRequestTimeoutInSeconds` of 10 s is not applied where a refresh token is " +
    "used: `signinSilent` hands on an option that is not set, which replaces it. Whether " +
    "the user of S5 is still signed in depends on the provider: one that accepts an old token for " +
    "longer would have them.",
  page: new URL("./oidc_client_ts_page.ts", import.meta.url),
  imports: 'export { UserManager, WebStorageStateStore } from "oidc-client-ts";',
  credential: {
    expression: `Object.entries(localStorage)
      .filter(([key]) => key.startsWith("oidc.user:"))
      .map(([, value]) => JSON.parse(value).refresh_token)[0]`,
  },
  // It renews automatically, a minute before the end.
  accessTtlSeconds: { S8: 64 },
  absent: { S9: "makes no calls" },
  openArena: arenaOf(oidcProvider),
};
