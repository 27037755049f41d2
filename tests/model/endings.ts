/**
 * Signing out and ending another device, against the use cases and the specification.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { LogoutScope } from "../../supabase/functions/_shared/session_store.ts";
import type { SessionId } from "../../supabase/functions/_shared/brands.ts";
import { logOut } from "../../supabase/functions/_shared/sessions/logout.ts";
import { NO_PROOF } from "../../supabase/functions/_shared/sessions/proof.ts";
import { endOwnSession } from "../../supabase/functions/_shared/sessions/own_sessions.ts";
import { type Client, contextOf, EMPTY_JAR, keep } from "./clients.ts";
import { mayAct, type ModelSession, placeOf, whyOver } from "./rotation_model.ts";
import { end, localLogout } from "./user_model.ts";
import type { World } from "./world.ts";

export async function logOutOf(
  world: World,
  { client, scope }: { readonly client: Client; readonly scope: LogoutScope },
): Promise<string> {
  const result = await logOut(world.dependencies, {
    ...world.shownTokens(client.jar),
    scope,
    readProof: NO_PROOF,
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

/** Each of the two tokens ends its own session: of one session the refresh token first. */
function endShown(
  { model, modelToken }: World,
  { jar }: Client,
  except: ReadonlySet<string> = new Set(),
): number {
  const token = modelToken(jar.refresh);
  const byRefresh = token && model.sessions.get(token.sessionId);
  const byAccess = jar.access && model.sessions.get(jar.access.claims.sessionId);
  let ended = 0;
  if (token && byRefresh && !except.has(byRefresh.id)) {
    const reason = localLogout(byRefresh, token);
    if (reason !== null) ended += end([byRefresh], reason);
  }
  if (byAccess && !except.has(byAccess.id)) ended += end([byAccess], "logout");
  return ended;
}

/** The first token whose place lives acts: an unexpired access token, else the refresh token. */
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
  const claims = access !== null && access.expiresAt > now ? access.claims : null;
  const over = new Set<string>();
  const refusals: string[] = [];
  const endFrom = (acting: ModelSession) => {
    const chosen = [...model.sessions.values()].filter((session) =>
      scope === "global" || session !== acting
    );
    const ended = end(chosen, scope === "global" ? "logout_global" : "logout_others");
    return scope === "global"
      ? ended + endShown(world, client, new Set([...over, acting.id]))
      : ended;
  };
  const refuse = (sessionId: string, code: string, isOver = false) => {
    refusals.push(code);
    if (isOver) over.add(sessionId);
  };

  if (claims !== null) {
    const acting = model.sessions.get(claims.sessionId);
    if (acting === undefined || whyOver(acting, now) !== null) {
      refuse(claims.sessionId, "session_revoked", true);
    } else if (mayAct(acting, claims)) return endFrom(acting);
    else refuse(claims.sessionId, "access_token_superseded");
  }
  const token = modelToken(client.jar.refresh);
  if (token !== null && !over.has(token.sessionId)) {
    const acting = model.sessions.get(token.sessionId);
    if (acting === undefined || whyOver(acting, now) !== null) {
      refuse(token.sessionId, "session_revoked", true);
    } else {
      const place = placeOf(acting, token);
      if (place === "ahead" || place === "foreign") {
        refuse(token.sessionId, "refresh_token_invalid");
      } else if (
        place === "stale" ||
        (acting.confirmed && (place === "predecessor" || place === "superseded"))
      ) {
        end([acting], "reused");
        refuse(token.sessionId, "refresh_token_already_used", true);
      } else return endFrom(acting);
    }
  }
  return refusedEverywhere(world, { client, scope, refusals, over });
}

/** Signing out everywhere with nothing but tokens of ended sessions is as good as done. */
function refusedEverywhere(
  world: World,
  { client, scope, refusals, over }: {
    readonly client: Client;
    readonly scope: "others" | "global";
    readonly refusals: readonly string[];
    readonly over: ReadonlySet<string>;
  },
): number | string {
  const anyway = ["session_revoked", "refresh_token_invalid"];
  const [decisive] = refusals.filter((code) => scope === "others" || !anyway.includes(code));
  if (decisive !== undefined) return decisive;
  if (scope === "global") return endShown(world, client, over);
  return client.jar.access === null ? "access_token_missing" : "access_token_expired";
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
  const isLive = acting !== undefined && whyOver(acting, world.now()) === null &&
    mayAct(acting, access.claims);
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
