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
  readonly userAgent: string;
  readonly presented: ModelToken | null;
}): "created" | "user_banned" {
  const { id, now, userAgent, presented } = login;
  if (user.banned) return "user_banned";

  const held = presented && user.sessions.get(presented.sessionId);
  if (held && ["current", "predecessor", "superseded"].includes(placeOf(held, presented))) {
    end([held], "replaced");
  }
  const others = liveSessions(user, now).toSorted(leastRecentlyActiveLast);
  end(others.slice(MAX_SESSIONS - 1), "session_cap");
  user.sessions.set(id, {
    id,
    createdAt: now,
    absoluteExpiresAt: now + ABSOLUTE_TTL,
    generation: 1,
    branch: 0,
    previousBranch: null,
    issuedAt: now,
    issuedTo: userAgent,
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

/** A token proves its session unless a leaked key or a forgotten future speaks from it. */
export function proves(session: ModelSession, token: ModelToken): boolean {
  return !["ahead", "foreign"].includes(placeOf(session, token));
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
