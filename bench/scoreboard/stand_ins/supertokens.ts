/**
 * A stand-in for a SuperTokens backend, as far as the session routes of its front end go. Its rule for
 * a used refresh token is SuperTokens' own: the parent may be used again as long as nobody has used
 * what it was exchanged for; afterwards its use is a theft.
 *
 * @module
 */

import { createRotatingSessions, type Issued } from "./rotating_sessions.ts";
import { booksOf, type StandIn } from "./serve.ts";
import { answerThings, readCookie } from "./things.ts";

export const REFRESH_COOKIE = "sRefreshToken";
const ACCESS_COOKIE = "sAccessToken";
const REFRESH_PATH = "/auth/session/refresh";

export function createSuperTokens(
  { accessTtlSeconds }: { readonly accessTtlSeconds: number },
): StandIn {
  const sessions = createRotatingSessions({
    accessTtlSeconds,
    allowsReuse: ({ parentOfNewest, successorUsed }) => parentOfNewest && !successorUsed,
  });
  return {
    books: booksOf(sessions),
    answer(request) {
      const { pathname } = new URL(request.url);
      return Promise.resolve(route());

      function route(): Response | undefined {
        if (pathname === "/api/things") {
          return answerThings(sessions.accepts(readCookie(request, ACCESS_COOKIE)));
        }
        if (pathname === "/auth/signin") return grant(sessions.open());
        if (pathname !== REFRESH_PATH) return undefined;
        const issued = sessions.rotate(readCookie(request, REFRESH_COOKIE));
        return issued ? grant(issued) : refuse();
      }
    },
    kindOf({ url }) {
      if (url.endsWith(REFRESH_PATH)) return "renewal";
      return url.includes("/api/things") ? "call" : "other";
    },
  };
}

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
