/**
 * A stand-in for an app's own backend as axios-auth-refresh's README presumes one: it answers an access
 * token and keeps the refresh token in an httpOnly cookie. Used refresh tokens are treated as
 * `oidc_provider.ts` does.
 *
 * @module
 */

import { GRACE_SECONDS } from "./oidc_provider.ts";
import { createRotatingSessions, type Issued } from "./rotating_sessions.ts";
import { booksOf, type StandIn } from "./serve.ts";
import { answerThings, readBearer, readCookie } from "./things.ts";

export const REFRESH_COOKIE = "refresh_token";

export function createTokenApi(
  { accessTtlSeconds }: { readonly accessTtlSeconds: number },
): StandIn {
  const sessions = createRotatingSessions({
    accessTtlSeconds,
    allowsReuse: ({ rotatedSecondsAgo }) => rotatedSecondsAgo < GRACE_SECONDS,
  });
  return {
    books: booksOf(sessions),
    answer(request) {
      const { pathname } = new URL(request.url);
      return Promise.resolve(route());

      function route(): Response | undefined {
        if (pathname === "/api/things") return answerThings(sessions.accepts(readBearer(request)));
        if (pathname === "/auth/login") return grant(sessions.open());
        if (pathname !== "/auth/token/refresh") return undefined;
        const issued = sessions.rotate(readCookie(request, REFRESH_COOKIE));
        return issued ? grant(issued) : new Response(null, { status: 403 });
      }
    },
    kindOf({ url }) {
      if (url.endsWith("/refresh")) return "renewal";
      return url.includes("/api/things") ? "call" : "other";
    },
  };
}

function grant({ accessToken, refreshToken }: Issued): Response {
  return Response.json({ token: accessToken }, {
    headers: {
      "set-cookie":
        `${REFRESH_COOKIE}=${refreshToken}; Path=/; HttpOnly; SameSite=Lax; Max-Age=2592000`,
    },
  });
}
