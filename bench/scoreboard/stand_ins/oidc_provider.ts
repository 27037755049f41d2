/**
 * A stand-in for an OpenID provider, as far as its metadata and its token endpoint go. Refresh tokens
 * rotate, and a used one gets the newest one again for thirty seconds, the kindest default among the
 * large providers that rotate; after that its use ends the session (RFC 9700 section 4.14.2).
 *
 * @module
 */

import { readBearer, type StandIn, things } from "./arena.ts";
import type { Issued } from "./rotating_sessions.ts";

export const GRACE_SECONDS = 30;

export const oidcProvider: StandIn = {
  allowsReuse: ({ rotatedSecondsAgo }) => rotatedSecondsAgo < GRACE_SECONDS,
  routes: {
    "/.well-known/openid-configuration": ({ url }) => [
      "other",
      Response.json(metadata(new URL(url).origin)),
    ],
    "/api/things": things(readBearer),
    async "/token"(request, sessions) {
      const form = new URLSearchParams(await request.text());
      if (form.get("grant_type") === "password") return ["other", grant(sessions.open())];
      const issued = sessions.rotate(form.get("refresh_token") ?? undefined);
      const refusal = Response.json({ error: "invalid_grant" }, { status: 400 });
      return ["renewal", issued ? grant(issued) : refusal];
    },
  },
};

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
