/**
 * The sessions of one user as a specification: the cap, signing in, signing out, bans. The rule of each
 * single session is `rotation_model.ts`.
 *
 * @module
 */

import {
  ABSOLUTE_TTL,
  type EndReason,
  MAX_SESSIONS,
  type Micros,
  type ModelSession,
  type ModelToken,
  placeOf,
  REFRESH_TTL,
  whyOver,
} from "./rotation_model.ts";

export interface UserModel {
  readonly sessions: Map<string, ModelSession>;
  banned: boolean;
}

export function createUserModel(): UserModel {
  return { sessions: new Map(), banned: false };
}

export function liveSessions({ sessions }: UserModel, now: Micros): readonly ModelSession[] {
  return [...sessions.values()].filter((session) => whyOver(session, now) === null);
}

/** The browser's old session makes room first; then the least recently active, until the cap holds. */
export function logIn(user: UserModel, login: {
  readonly id: string;
  readonly now: Micros;
  readonly presented: ModelToken | null;
}): "created" | "user_banned" {
  const { id, now, presented } = login;
  if (user.banned) return "user_banned";

  const held = presented && user.sessions.get(presented.sessionId);
  if (held) {
    const place = placeOf(held, presented);
    const copied = place === "stale" ||
      (held.confirmed && (place === "predecessor" || place === "superseded"));
    if (place !== "foreign") end([held], copied ? "reused" : "replaced");
  }
  const others = liveSessions(user, now).toSorted(leastRecentlyActiveLast);
  end(others.slice(MAX_SESSIONS - 1), "evicted");
  user.sessions.set(id, {
    id,
    createdAt: now,
    absoluteExpiresAt: now + ABSOLUTE_TTL,
    generation: 1,
    branch: 0,
    previousBranch: null,
    issuedAt: now,
    confirmed: false,
    lastActiveAt: now,
    refreshExpiresAt: now + Math.min(REFRESH_TTL, ABSOLUTE_TTL),
    endedBy: null,
  });
  return "created";
}

function leastRecentlyActiveLast(left: ModelSession, right: ModelSession): number {
  return right.lastActiveAt - left.lastActiveAt || right.createdAt - left.createdAt ||
    (left.id < right.id ? -1 : 1);
}

/** What a token of a session without a key ends by signing its own browser out; null: nothing. */
export function localLogout(session: ModelSession, token: ModelToken): EndReason | null {
  const place = placeOf(session, token);
  if (place === "ahead" || place === "foreign") return null;
  return place === "stale" ? "reused" : "logout";
}

/** Ends those that are not over yet; answers how many. */
export function end(sessions: Iterable<ModelSession>, reason: EndReason): number {
  let ended = 0;
  for (const session of sessions) {
    if (session.endedBy !== null) continue;
    session.endedBy = reason;
    ended += 1;
  }
  return ended;
}
