/**
 * A stand-in for an app's own backend as axios-auth-refresh's README presumes one: it answers an access
 * token and keeps the refresh token in an httpOnly cookie. Used refresh tokens are treated as
 * `oidc_provider.ts` does.
 *
 * @module
 */

import { readBearer, readCookie, type StandIn, things } from "./arena.ts";
import { oidcProvider } from "./oidc_provider.ts";
import type { Issued } from "./rotating_sessions.ts";

export const REFRESH_COOKIE = "refresh_token";

export const tokenApi: StandIn = {
  allowsReuse: oidcProvider.allowsReuse,
  routes: {
    "/api/things": things(readBearer),
    "/auth/login": (_request, sessions) => ["other", grant(sessions.open())],
    "/auth/token/refresh"(request, sessions) {
      const issued = sessions.rotate(readCookie(request, REFRESH_COOKIE));
      return ["renewal", issued ? grant(issued) : new Response(null, { status: 403 })];
    },
  },
};

function grant({ accessToken, refreshToken }: Issued): Response {
  return Response.json({ token: accessToken }, {
    headers: {
      "set-cookie":
        `${REFRESH_COOKIE}=${refreshToken}; Path=/; HttpOnly; SameSite=Lax; Max-Age=2592000`,
    },
  });
}
