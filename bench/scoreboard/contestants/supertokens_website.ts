/**
 * supertokens-website, whose lock between tabs is browser-tabs-lock, against a stand-in of a SuperTokens
 * backend.
 *
 * @module
 */

import type { Contestant } from "../contestant.ts";
import { arenaOf } from "../stand_ins/arena.ts";
import { REFRESH_COOKIE, superTokens } from "../stand_ins/supertokens.ts";

export const supertokensWebsite: Contestant = {
  id: "supertokens-website",
  name: "supertokens-website",
  packages: ["supertokens-website"],
  configuration:
    "`SuperTokens.init({ apiDomain })` as in the documentation, tokens in cookies, its " +
    "own lock between tabs (browser-tabs-lock). It replaces the global `fetch`. The user interface " +
    "listens to `onHandleEvent`; an app asks `doesSessionExist` and forces a new token with " +
    "`attemptRefreshingSession`.",
  backend:
    "A stand-in of `POST /auth/session/refresh` with SuperTokens' cookies and its `front-token` " +
    "header. A used refresh token is accepted as long as nobody used what it was exchanged for, then " +
    "the session is revoked.",
  page: new URL("./supertokens_website_page.ts", import.meta.url),
  imports: 'export { default } from "supertokens-website";',
  credential: { cookie: REFRESH_COOKIE },
  absent: {},
  openArena: arenaOf(superTokens),
};
