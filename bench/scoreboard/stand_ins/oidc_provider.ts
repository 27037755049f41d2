/**
 * A stand-in for an OpenID provider, as far as its metadata and its token endpoint go. Refresh tokens
 * rotate, and a used one gets the newest one again for thirty seconds, the kindest default among the
 * large providers that rotate; after that its use ends the session (RFC 9700 section 4.14.2).
 *
 * @module
 */

import { createRotatingSessions, type Issued } from "./rotating_sessions.ts";
import { booksOf, type StandIn } from "./serve.ts";
import { answerThings, readBearer } from "./things.ts";

export const GRACE_SECONDS = 30;

export function createOidcProvider(
  { accessTtlSeconds }: { readonly accessTtlSeconds: number },
): StandIn {
  const sessions = createRotatingSessions({
    accessTtlSeconds,
    allowsReuse: ({ rotatedSecondsAgo }) => rotatedSecondsAgo < GRACE_SECONDS,
  });
  const refreshes = new WeakSet<Request>();
  return {
    books: booksOf(sessions),
    async answer(request) {
      const { origin, pathname } = new URL(request.url);
      if (pathname === "/.well-known/openid-configuration") return Response.json(metadata(origin));
      if (pathname === "/api/things") return answerThings(sessions.accepts(readBearer(request)));
      if (pathname !== "/token") return undefined;
      const form = new URLSearchParams(await request.text());
      if (form.get("grant_type") === "password") return grant(sessions.open());
      refreshes.add(request);
      const issued = sessions.rotate(form.get("refresh_token") ?? undefined);
      return issued ? grant(issued) : Response.json({ error: "invalid_grant" }, { status: 400 });
    },
    kindOf: (request) =>
      refreshes.has(request) ? "renewal" : request.url.includes("/api/things") ? "call" : "other",
  };
}

function metadata(issuer: string): Readonly<Record<string, unknown>> {
  return {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    jwks_uri: `${issuer}/jwks`,
    response_types_supported: ["code"],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: ["ES256"],
  };
}

function grant(issued: Issued): Response {
  return Response.json({
    access_token: issued.accessToken,
    token_type: "Bearer",
    expires_in: issued.accessExpiresInSeconds,
    refresh_token: issued.refreshToken,
    scope: "api offline_access",
  });
}
