/**
 * Signing out and ending another device, against the use cases and the specification.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { LogoutScope } from "../../supabase/functions/_shared/session_store.ts";
import type { SessionId } from "../../supabase/functions/_shared/brands.ts";
import { logOut } from "../../supabase/functions/_shared/sessions/logout.ts";
import { endOwnSession } from "../../supabase/functions/_shared/sessions/own_sessions.ts";
import { type Client, contextOf, EMPTY_JAR, keep } from "./clients.ts";
import { type ModelSession, whyOver } from "./rotation_model.ts";
import { end, proves } from "./user_model.ts";
import type { World } from "./world.ts";

export async function logOutOf(
  world: World,
  { client, scope }: { readonly client: Client; readonly scope: LogoutScope },
): Promise<string> {
  const result = await logOut(world.dependencies, {
    ...world.shownTokens(client.jar),
    scope,
    context: contextOf(client),
  });
  const now = world.now();
  world.takeCalls();
  const expected = scope === "local"
    ? endShown(world, client)
    : endEverywhere(world, { client, scope, now });
  assert.equal(result.kind === "signed_out" ? result.ended : result.code, expected);
  if (result.kind === "signed_out" && scope !== "others") keep(client, EMPTY_JAR, now);
  return `${client.name} signs out, ${scope}: ${expected}`;
}

/** Each of the two tokens ends its own session, if it proves it: of one session either of them. */
function endShown(
  { model, modelToken }: World,
  { jar }: Client,
  except: ReadonlySet<string> = new Set(),
): number {
  const token = modelToken(jar.refresh);
  const byRefresh = token && model.sessions.get(token.sessionId);
  const byAccess = jar.access && model.sessions.get(jar.access.claims.sessionId);
  const proven = new Set<ModelSession>();
  if (token && byRefresh && proves(byRefresh, token)) proven.add(byRefresh);
  if (byAccess) proven.add(byAccess);
  return end([...proven].filter(({ id }) => !except.has(id)), "logout");
}

/** The first token that proves a live session acts: the refresh token, else an unexpired access token. */
function endEverywhere(
  world: World,
  { client, scope, now }: {
    readonly client: Client;
    readonly scope: "others" | "global";
    readonly now: number;
  },
): number | string {
  const { model, modelToken } = world;
  const { access } = client.jar;
  const token = modelToken(client.jar.refresh);
  const claims = access !== null && access.expiresAt > now ? access.claims : null;
  const over = new Set<string>();
  for (const shown of [token, claims]) {
    if (shown === null) continue;
    const acting = model.sessions.get(shown.sessionId);
    if (acting === undefined || whyOver(acting, now) !== null) over.add(shown.sessionId);
    else if (shown !== token || proves(acting, token)) {
      const chosen = [...model.sessions.values()].filter((session) =>
        scope === "global" || session !== acting
      );
      return end(chosen, scope === "global" ? "logout_global" : "logout_others");
    }
  }
  if (scope === "global") return endShown(world, client, over);
  if (over.size > 0) return "session_revoked";
  if (token !== null) return "refresh_token_invalid";
  return access === null ? "access_token_missing" : "access_token_expired";
}

/** Ends the user's oldest other live session from this one, as from a list of devices. */
export async function endAnother(world: World, client: Client): Promise<string | null> {
  const { access } = client.jar;
  if (access === null || access.expiresAt <= world.now()) return null;
  const { sessionId: actingId } = access.claims;
  const other = [...world.model.sessions.values()].find(({ id, endedBy }) =>
    id !== actingId && endedBy === null
  );
  if (other === undefined) return null;
  const acting = world.model.sessions.get(actingId);
  const isLive = acting !== undefined && whyOver(acting, world.now()) === null;
  const result = await endOwnSession(world.dependencies, {
    ...world.shownTokens(client.jar),
    context: contextOf(client),
    sessionId: other.id as SessionId,
  });
  world.takeCalls();
  if (isLive) end([other], "revoked_by_user");
  assert.equal(result.kind, isLive ? "ended" : "refused");
  return `${client.name} ends another session: ${result.kind}`;
}
