/**
 * Signing out and ending another device, against the use cases and the specification.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { LogoutScope } from "../../../supabase/functions/_shared/store/session_store.ts";
import type { SessionId } from "../../../supabase/functions/_shared/brands.ts";
import { logOut } from "../../../supabase/functions/_shared/sessions/logout.ts";
import { endOwnSession } from "../../../supabase/functions/_shared/sessions/own_sessions.ts";
import { type Client, contextOf, EMPTY_JAR, keep, proofOf, type SentProof } from "./clients.ts";
import { readModelProof } from "./jar_reading.ts";
import {
  endOf,
  judge,
  type Judgment,
  mayAct,
  type ModelSession,
  placeOf,
} from "./rotation_model.ts";
import { end, localLogout } from "./user_model.ts";
import type { ModelFixture } from "./model_fixture.ts";

export async function logOutOf(
  fixture: ModelFixture,
  { client, scope }: { readonly client: Client; readonly scope: LogoutScope },
): Promise<string> {
  const proof = proofOf(client, client.jar);
  const result = await logOut(fixture.dependencies, {
    ...fixture.presentedTokens(client.jar),
    scope,
    readProof: fixture.readProof(proof),
    context: contextOf(client),
  });
  const now = fixture.now();
  fixture.takeCalls();
  const expected = scope === "local"
    ? endPresented(fixture, { client, proof, now })
    : endEverywhere(fixture, { client, proof, scope, now });
  assert.equal(result.kind === "signed_out" ? result.ended : result.code, expected);
  if (result.kind === "signed_out" && scope !== "others") keep(client, EMPTY_JAR, now);
  return `${client.name} signs out, ${scope}: ${expected}`;
}

interface Leaving {
  readonly client: Client;
  readonly proof: SentProof;
  readonly now: number;
}

/**
 * Each of the two tokens ends its session: of one session the refresh token first. No proof is
 * required, and one that does not fit is none.
 */
function endPresented(
  { model, modelToken }: ModelFixture,
  { client: { jar }, proof, now }: Leaving,
  except: ReadonlySet<string> = new Set(),
): number {
  const token = modelToken(jar.refresh);
  const byRefresh = token && model.sessions.get(token.sessionId);
  const byAccess = jar.access && model.sessions.get(jar.access.claims.sessionId);
  let ended = 0;
  if (token && byRefresh && !except.has(byRefresh.id)) {
    const proven = readModelProof(token, proof)?.proof ?? null;
    const reason = localLogout(byRefresh, token, { proof: proven, now });
    if (reason !== null) ended += end([byRefresh], reason);
  }
  if (jar.access && byAccess && !except.has(byAccess.id)) {
    if (byAccess.key === null || isPlaceKept(byAccess, jar.access.claims)) {
      ended += end([byAccess], "logout");
    }
  }
  return ended;
}

/** A bound session is ended by an access token of its last two generations alone. */
function isPlaceKept(
  session: ModelSession,
  { generation, branch }: { readonly generation: number; readonly branch: number },
): boolean {
  const place = placeOf(session, { sessionId: session.id, generation, branch, key: null });
  return place === "current" || place === "predecessor" || place === "ahead";
}

/** The first token whose place lives acts: an unexpired access token, else the refresh token. */
function endEverywhere(
  fixture: ModelFixture,
  { scope, ...leaving }: Leaving & { readonly scope: "others" | "global" },
): number | string {
  const { client, proof, now } = leaving;
  const { model, modelToken } = fixture;
  const { access } = client.jar;
  const claims = access !== null && access.expiresAt > now ? access.claims : null;
  const endedSessions = new Set<string>();
  const refusals: string[] = [];
  const endFrom = (acting: ModelSession) => {
    const chosen = [...model.sessions.values()].filter((session) =>
      scope === "global" || session !== acting
    );
    const ended = end(chosen, scope === "global" ? "logout_global" : "logout_others");
    return scope === "global"
      ? ended + endPresented(fixture, leaving, new Set([...endedSessions, acting.id]))
      : ended;
  };
  const refuse = (sessionId: string, code: string, hasEnded = false) => {
    refusals.push(code);
    if (hasEnded) endedSessions.add(sessionId);
  };

  if (claims !== null) {
    const acting = model.sessions.get(claims.sessionId);
    if (acting === undefined || endOf(acting, now) !== null) {
      refuse(claims.sessionId, "session_revoked", true);
    } else if (mayAct(acting, claims)) return endFrom(acting);
    else refuse(claims.sessionId, "access_token_superseded");
  }
  const token = modelToken(client.jar.refresh);
  if (token !== null && !endedSessions.has(token.sessionId)) {
    const acting = model.sessions.get(token.sessionId);
    const proven = readModelProof(token, proof);
    if (proven === null) refuse(token.sessionId, "proof_required");
    else if (acting === undefined || endOf(acting, now) !== null) {
      refuse(token.sessionId, "session_revoked", true);
    } else {
      const code = actingRefusal(judge(acting, token, { proof: proven.proof, now }));
      if (code === null) return endFrom(acting);
      const isReused = code === "refresh_token_already_used";
      if (isReused) end([acting], "reused");
      refuse(token.sessionId, code, isReused);
    }
  }
  return refusedEverywhere(fixture, { ...leaving, scope, refusals, endedSessions });
}

/** Why a refresh token may not act for its session; null: it may. */
function actingRefusal({ row, outcome }: Judgment): string | null {
  if (row === 4) return "proof_key_unknown";
  switch (outcome) {
    case "proof_required":
    case "proof_key_unknown":
      return outcome;
    case "reused":
      return "refresh_token_already_used";
    case "unknown_generation":
    case "key_compromise_suspected":
      return "refresh_token_invalid";
    default:
      return null;
  }
}

/** Signing out everywhere with nothing but tokens of ended sessions is as good as done. */
function refusedEverywhere(
  fixture: ModelFixture,
  { scope, refusals, endedSessions, ...leaving }: Leaving & {
    readonly scope: "others" | "global";
    readonly refusals: readonly string[];
    readonly endedSessions: ReadonlySet<string>;
  },
): number | string {
  const anyway = ["session_revoked", "refresh_token_invalid"];
  const [first, second] = refusals.filter((code) => scope === "others" || !anyway.includes(code));
  // A session that may go on with a proof is answered before one that has ended.
  if (second === "proof_required" && first === "session_revoked") return second;
  if (first !== undefined) return first;
  if (scope === "global") return endPresented(fixture, leaving, endedSessions);
  return leaving.client.jar.access === null ? "access_token_missing" : "access_token_expired";
}

/** Ends the user's oldest other live session from this one, as from a list of devices. */
export async function endAnother(fixture: ModelFixture, client: Client): Promise<string | null> {
  const { access } = client.jar;
  if (access === null || access.expiresAt <= fixture.now()) return null;
  const { sessionId: actingId } = access.claims;
  const other = [...fixture.model.sessions.values()].find(({ id, endedBy }) =>
    id !== actingId && endedBy === null
  );
  if (other === undefined) return null;
  const acting = fixture.model.sessions.get(actingId);
  const isLive = acting !== undefined && endOf(acting, fixture.now()) === null &&
    mayAct(acting, access.claims);
  const result = await endOwnSession(fixture.dependencies, {
    ...fixture.presentedTokens(client.jar),
    context: contextOf(client),
    sessionId: other.id as SessionId,
  });
  fixture.takeCalls();
  if (isLive) end([other], "revoked_by_user");
  assert.equal(result.kind, isLive ? "ended" : "refused");
  return `${client.name} ends another session: ${result.kind}`;
}
