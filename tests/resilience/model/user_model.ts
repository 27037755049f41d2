/**
 * The sessions of one user as a specification: the cap, signing in, signing out, bans. The rule of each
 * single session is `rotation_model.ts`.
 *
 * @module
 */

import {
  ABSOLUTE_TTL,
  classOf,
  endOf,
  type EndReason,
  judge,
  judgeAtLogin,
  type KeyName,
  MAX_SESSIONS,
  type Micros,
  type ModelProof,
  type ModelSession,
  type ModelToken,
  placeOf,
  REFRESH_TTL,
} from "./rotation_model.ts";

export interface UserModel {
  readonly sessions: Map<string, ModelSession>;
  banned: boolean;
  /** Rows of the rotation rule's table that have decided. */
  readonly rowsReached: Set<number>;
}

export function createUserModel(): UserModel {
  return { sessions: new Map(), banned: false, rowsReached: new Set() };
}

export function liveSessions({ sessions }: UserModel, now: Micros): readonly ModelSession[] {
  return [...sessions.values()].filter((session) => endOf(session, now) === null);
}

/** The browser's old session makes room first; then the least recently active, until the cap holds. */
export function logIn(user: UserModel, login: {
  readonly id: string;
  readonly now: Micros;
  readonly presented: ModelToken | null;
  /** The key that the login proves. */
  readonly key: KeyName;
}): "created" | "user_banned" {
  const { id, now, presented, key } = login;
  if (user.banned) return "user_banned";

  const held = presented && user.sessions.get(presented.sessionId);
  if (held) {
    const { row, outcome } = judgeAtLogin(held, presented, { proven: key, now });
    const isStolen = outcome === "reused" || row === 5;
    if (row !== 1) end([held], isStolen ? "reused" : "replaced");
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
    key,
    saltKept: false,
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

/** As what a refresh token ends its session by signing its own browser out; null: not at all. */
export function localLogout(
  session: ModelSession,
  token: ModelToken,
  presented: { readonly proof: ModelProof | null; readonly now: Micros },
): "logout" | "reused" | null {
  const place = placeOf(session, token);
  const isOwnKey = session.key !== null && presented.proof?.key === session.key;
  switch (place) {
    case "hash_mismatch":
      return null;
    case "ahead":
      return isOwnKey ? "logout" : null;
    case "current":
    case "predecessor":
      return "logout";
    case "superseded":
    case "stale": {
      const tokenClass = classOf(session, token, presented.proof?.key ?? null);
      if (session.key === null && tokenClass === "unbound") {
        return place === "stale" ? "reused" : "logout";
      }
      const { row } = judge(session, token, presented);
      const continues = [7, 8, 9, 10, 11, 12, 13, 15, 17].includes(row);
      return continues ? "logout" : null;
    }
  }
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
