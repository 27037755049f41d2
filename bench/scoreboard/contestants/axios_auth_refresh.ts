/**
 * axios-auth-refresh with axios, against a stand-in of an app's own backend.
 *
 * @module
 */

import type { Contestant } from "../contestant.ts";
import { arenaOf } from "../stand_ins/arena.ts";
import { GRACE_SECONDS } from "../stand_ins/oidc_provider.ts";
import { REFRESH_COOKIE, tokenApi } from "../stand_ins/token_api.ts";

export const axiosAuthRefresh: Contestant = {
  id: "axios-auth-refresh",
  name: "axios-auth-refresh",
  packages: ["axios-auth-refresh", "axios"],
  configuration:
    "The README's own example: `createAuthRefresh(axios, refreshAuthLogic)`, the access " +
    "token in `localStorage`, a request interceptor that puts it in, every option at its default. " +
    "It refreshes when a call is refused and at no other time, so a call stands for a refresh here.",
  backend:
    "A stand-in of `POST /auth/token/refresh` with the refresh token in an httpOnly cookie. " +
    `Refresh tokens rotate; a used one gets the newest one again for ${GRACE_SECONDS} s, then the ` +
    "session is revoked.",
  remarks: "Three refreshes at once are three refused calls. Whether the user of S5 is still " +
    "signed in depends on the backend: one that accepts an old token for longer would have them.",
  page: new URL("./axios_auth_refresh_page.ts", import.meta.url),
  imports: 'export { default as axios } from "axios"; ' +
    'export { createAuthRefresh } from "axios-auth-refresh";',
  credential: { cookie: REFRESH_COOKIE },
  absent: {
    S4: "looks at no clock",
    S6: "has no user state",
    S8: "renews only when a call is refused",
  },
  openArena: arenaOf(tokenApi),
};
