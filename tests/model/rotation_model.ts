/**
 * The rotation rule as a specification: sessions of one user in plain objects, and what becomes of each
 * token that is shown. Written from the protocol's tables, not from the SQL. Knows no database, no
 * cookie and no byte of a token: a token is its place in its session.
 *
 * @module
 */

export type Micros = number;

export const SECOND: Micros = 1_000_000;
export const WINDOW = 60 * SECOND;
export const ACTIVITY_INTERVAL = 300 * SECOND;
export const REFRESH_TTL = 30 * 24 * 3600 * SECOND;
export const ABSOLUTE_TTL = 50 * 24 * 3600 * SECOND;
export const MAX_SESSIONS = 5;
const BRANCHES_PER_GENERATION = 4;

export type EndReason =
  | "logout"
  | "logout_others"
  | "logout_global"
  | "revoked_by_user"
  | "replaced"
  | "session_cap"
  | "refresh_token_reused"
  | "user_banned"
  | "password_changed";

export type Ended = "not_found" | "revoked" | "evicted" | "expired" | "reused" | "banned";
export type Continued = "unchanged" | "rotated" | "replayed" | "reissued";
export type Rotation = Continued | Ended | "unknown_generation" | "key_compromise_suspected";

export interface ModelSession {
  readonly id: string;
  readonly createdAt: Micros;
  readonly absoluteExpiresAt: Micros;
  generation: number;
  branch: number;
  /** Branch of the predecessor that the current generation came from. */
  previousBranch: number | null;
  issuedAt: Micros;
  issuedTo: string;
  confirmed: boolean;
  lastActiveAt: Micros;
  refreshExpiresAt: Micros;
  endedBy: EndReason | null;
}

/** A genuine token by its place. `forged`: its tag is good and its secret was made up, by a stolen key. */
export interface ModelToken {
  readonly sessionId: string;
  readonly generation: number;
  readonly branch: number;
  readonly forged?: boolean;
}

export interface Showing {
  readonly now: Micros;
  readonly userAgent: string;
}

export function whyOver(session: ModelSession, now: Micros): Ended | null {
  switch (session.endedBy) {
    case "session_cap":
      return "evicted";
    case "refresh_token_reused":
      return "reused";
    case "user_banned":
      return "banned";
    case null:
      return session.refreshExpiresAt <= now ? "expired" : null;
    default:
      return "revoked";
  }
}

type Place = "current" | "predecessor" | "superseded" | "stale" | "ahead" | "foreign";

/** Of a branch replaced twice, and of generations long gone, no hash is kept: they are just stale. */
export function placeOf(session: ModelSession, token: ModelToken): Place {
  const place = ((): Place => {
    if (token.generation > session.generation) return "ahead";
    if (token.generation === session.generation) {
      if (token.branch > session.branch) return "ahead";
      if (token.branch === session.branch) return "current";
      return token.branch === session.branch - 1 ? "superseded" : "stale";
    }
    return token.generation === session.generation - 1 && token.branch === session.previousBranch
      ? "predecessor"
      : "stale";
  })();
  return token.forged && place !== "ahead" && place !== "stale" ? "foreign" : place;
}

/** The table of the rotation rule, row by row. */
function rule(session: ModelSession, token: ModelToken, { now, userAgent }: Showing): Rotation {
  const inWindow = now <= session.issuedAt + WINDOW;
  const sameBrowser = session.issuedTo === userAgent;
  switch (placeOf(session, token)) {
    case "current":
      return inWindow && sameBrowser ? "unchanged" : "rotated";
    case "predecessor":
      if (inWindow && sameBrowser) return "replayed";
      if (session.confirmed) return "reused";
      if (session.branch + 1 < BRANCHES_PER_GENERATION) return "reissued";
      return sameBrowser ? "replayed" : "reused";
    case "superseded":
      return sameBrowser && !session.confirmed ? "rotated" : "reused";
    case "stale":
      return "reused";
    case "ahead":
      return "unknown_generation";
    case "foreign":
      return "key_compromise_suspected";
  }
}

/** Shows a refresh token; changes the session as the outcome says. */
export function rotate(
  session: ModelSession | undefined,
  token: ModelToken,
  showing: Showing,
): Rotation {
  if (session === undefined) return "not_found";
  const { now, userAgent } = showing;
  const over = whyOver(session, now);
  if (over !== null) return over;

  const outcome = rule(session, token, showing);
  switch (outcome) {
    case "rotated":
    case "reissued":
      session.branch = outcome === "reissued" ? session.branch + 1 : 0;
      session.generation = token.generation + 1;
      session.previousBranch = token.branch;
      session.issuedAt = now;
      session.issuedTo = userAgent;
      session.confirmed = false;
      session.lastActiveAt = now;
      session.refreshExpiresAt = Math.min(now + REFRESH_TTL, session.absoluteExpiresAt);
      return outcome;
    case "unchanged":
    case "replayed":
      session.lastActiveAt = now;
      return outcome;
    case "reused":
      session.endedBy = "refresh_token_reused";
      return outcome;
    default:
      return outcome;
  }
}

/** Shows an access token, by its place; confirms, and finds a fork, as the outcome says. */
export function judgeAccess(
  session: ModelSession | undefined,
  { generation, branch, mayConfirm }: {
    readonly generation: number;
    readonly branch: number;
    readonly mayConfirm: boolean;
  },
  { now, userAgent }: Showing,
): "active" | Ended {
  if (session === undefined) return "not_found";
  const over = whyOver(session, now);
  if (over !== null) return over;

  const place = placeOf(session, { sessionId: session.id, generation, branch });
  const lostBranch = place === "stale" && generation >= session.generation - 1;
  const replyWasLost = !session.confirmed && session.issuedTo === userAgent;
  if (lostBranch || (place === "superseded" && !replyWasLost)) {
    session.endedBy = "refresh_token_reused";
    return "reused";
  }

  const confirms = mayConfirm && place === "current" && session.generation > 1 &&
    !session.confirmed && now > session.issuedAt + WINDOW;
  if (confirms) session.confirmed = true;
  if (confirms || session.lastActiveAt < now - ACTIVITY_INTERVAL) {
    session.lastActiveAt = Math.max(session.lastActiveAt, now);
  }
  return "active";
}

/** Whether anything from which the current token was derived may still be in the row. */
export function keepsSalt(session: ModelSession): boolean {
  return session.endedBy === null && session.generation > 1 && !session.confirmed;
}
