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
/** In the first windows of a generation its predecessor gets the same token again. */
const LAST_MERGING_BRANCH = 3;
const LAST_BRANCH = 255;

export type EndReason =
  | "logout"
  | "logout_others"
  | "logout_global"
  | "revoked_by_user"
  | "replaced"
  | "evicted"
  | "reused"
  | "banned"
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

export function whyOver(session: ModelSession, now: Micros): Ended | null {
  switch (session.endedBy) {
    case "evicted":
    case "reused":
    case "banned":
      return session.endedBy;
    case null:
      return session.refreshExpiresAt <= now ? "expired" : null;
    default:
      return "revoked";
  }
}

type Place = "current" | "predecessor" | "superseded" | "stale" | "ahead" | "foreign";

/**
 * Of a branch replaced twice, and of generations long gone, no hash is kept: they are just stale. What a
 * leaked key made up lacks the session's lineage.
 */
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
  return token.forged && place !== "ahead" ? "foreign" : place;
}

/** The table of the rotation rule, rows 0, 1 and 11 to 18: those of sessions without a key. */
function rule(session: ModelSession, token: ModelToken, now: Micros): Rotation {
  const recent = now <= session.issuedAt + WINDOW;
  switch (placeOf(session, token)) {
    case "current":
      return recent ? "unchanged" : "rotated";
    case "predecessor":
      if (session.confirmed) return "reused";
      if (recent && session.branch <= LAST_MERGING_BRANCH) return "replayed";
      return session.branch < LAST_BRANCH ? "reissued" : "reused";
    case "superseded":
      return session.confirmed ? "reused" : "rotated";
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
  now: Micros,
): Rotation {
  if (session === undefined) return "not_found";
  const over = whyOver(session, now);
  if (over !== null) return over;

  const outcome = rule(session, token, now);
  switch (outcome) {
    case "rotated":
    case "reissued":
      session.branch = outcome === "reissued" ? session.branch + 1 : 0;
      session.generation = token.generation + 1;
      session.previousBranch = token.branch;
      session.issuedAt = now;
      session.confirmed = false;
      session.lastActiveAt = now;
      session.refreshExpiresAt = Math.min(now + REFRESH_TTL, session.absoluteExpiresAt);
      return outcome;
    case "unchanged":
    case "replayed":
      session.lastActiveAt = now;
      return outcome;
    case "reused":
      session.endedBy = "reused";
      return outcome;
    default:
      return outcome;
  }
}

interface AccessPlace {
  readonly generation: number;
  readonly branch: number;
}

/** Whether an access token may act for its session on others. */
export function mayAct(session: ModelSession, place: AccessPlace): boolean {
  const where = placeOf(session, { sessionId: session.id, ...place });
  return where === "current" || where === "predecessor" ||
    (where === "superseded" && !session.confirmed);
}

/** Shows an access token, by its place; confirms as the outcome says, and ends nothing. */
export function judgeAccess(
  session: ModelSession | undefined,
  { mayConfirm, ...shown }: AccessPlace & { readonly mayConfirm: boolean },
  now: Micros,
): "active" | "stale" | Ended {
  if (session === undefined) return "not_found";
  const over = whyOver(session, now);
  if (over !== null) return over;

  const place = placeOf(session, { sessionId: session.id, ...shown });
  const lostBranch = place === "stale" && shown.generation >= session.generation - 1;
  if (lostBranch || (place === "superseded" && session.confirmed)) return "stale";

  const handedOutAt = Math.max(session.issuedAt, session.lastActiveAt);
  const confirms = mayConfirm && place === "current" && session.generation > 1 &&
    !session.confirmed && now > handedOutAt + WINDOW;
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
