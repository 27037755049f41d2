/**
 * A stand-in for a SuperTokens backend, as far as the session routes of its front end go. Its rule for
 * a used refresh token is SuperTokens' own: the parent may be used again as long as nobody has used
 * what it was exchanged for; afterwards its use is a theft.
 *
 * @module
 */

import { readCookie, type StandIn, things } from "./arena.ts";
import type { Issued } from "./rotating_sessions.ts";

export const REFRESH_COOKIE = "sRefreshToken";
const ACCESS_COOKIE = "sAccessToken";
const REFRESH_PATH = "/auth/session/refresh";

export const superTokens: StandIn = {
  allowsReuse: ({ parentOfNewest, successorUsed }) => parentOfNewest && !successorUsed,
  routes: {
    "/api/things": things((request) => readCookie(request, ACCESS_COOKIE)),
    "/auth/signin": (_request, sessions) => ["other", grant(sessions.open())],
    [REFRESH_PATH](request, sessions) {
      const issued = sessions.rotate(readCookie(request, REFRESH_COOKIE));
      return ["renewal", issued ? grant(issued) : refuse()];
    },
  },
};

/** Two cookies, and a header that the front end keeps for itself: who, until when, and the claims. */
function grant(
  { accessToken, refreshToken, accessExpiresAt, accessExpiresInSeconds }: Issued,
): Response {
  const claims = {
    sub: "ada",
    iat: accessExpiresAt - accessExpiresInSeconds,
    exp: accessExpiresAt,
  };
  const headers = new Headers({
    "front-token": btoa(JSON.stringify({ uid: "ada", ate: accessExpiresAt * 1000, up: claims })),
  });
  headers.append("set-cookie", cookie(ACCESS_COOKIE, accessToken, "/"));
  headers.append("set-cookie", cookie(REFRESH_COOKIE, refreshToken, REFRESH_PATH));
  return Response.json({ status: "OK" }, { headers });
}

function refuse(): Response {
  return Response.json({ message: "unauthorised" }, {
    status: 401,
    headers: { "front-token": "remove" },
  });
}

function cookie(name: string, value: string, path: string): string {
  return `${name}=${value}; Path=${path}; HttpOnly; SameSite=Lax; Max-Age=8640000`;
}
