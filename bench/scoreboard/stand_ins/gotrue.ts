/**
 * A stand-in for Supabase Auth's `/auth/v1`, as far as a password sign-in and the refresh grant go. Its
 * rule for a used refresh token is Supabase Auth's own, with a hosted project's defaults: the parent of
 * the active token gets the active token again, at whatever age; another used token does so within ten
 * seconds; any other use ends the session with `refresh_token_already_used`.
 * https://github.com/supabase/auth/blob/master/internal/tokens/service.go
 *
 * @module
 */

import type { StandIn } from "./arena.ts";
import type { Issued } from "./rotating_sessions.ts";

const REUSE_INTERVAL_SECONDS = 10;

const USER = {
  id: "5f0e3c1e-6a53-4a1b-9d60-0c7b6e3e2a11",
  aud: "authenticated",
  role: "authenticated",
  email: "ada@example.com",
  app_metadata: {},
  user_metadata: {},
  created_at: "2026-01-01T00:00:00Z",
};

export const gotrue: StandIn = {
  allowsReuse: ({ parentOfNewest, rotatedSecondsAgo }) =>
    parentOfNewest || rotatedSecondsAgo < REUSE_INTERVAL_SECONDS,
  routes: {
    async "/auth/v1/token"(request, sessions) {
      const type = new URL(request.url).searchParams.get("grant_type");
      if (type === "password") return ["other", grant(sessions.open())];
      const { refresh_token } = await request.json();
      const issued = sessions.rotate(refresh_token);
      return ["renewal", issued ? grant(issued) : refuse()];
    },
  },
};

function refuse(): Response {
  return Response.json({
    code: "refresh_token_already_used",
    message: "Invalid Refresh Token: Already Used",
  }, { status: 400, headers: { "x-supabase-api-version": "2024-01-01" } });
}

function grant(issued: Issued): Response {
  return Response.json({
    access_token: issued.accessToken,
    token_type: "bearer",
    expires_in: issued.accessExpiresInSeconds,
    expires_at: issued.accessExpiresAt,
    refresh_token: issued.refreshToken,
    user: USER,
  });
}
