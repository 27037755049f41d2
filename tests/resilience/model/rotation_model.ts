/**
 * The rotation rule as a specification: sessions of one user in plain objects, and the outcome of each
 * token that is presented. Written from the protocol's tables, not from the SQL. Knows no database, no
 * cookie and no byte of a token: a token is its place in its session.
 *
 * @module
 */

export type Micros = number;

export const SECOND: Micros = 1_000_000;
export const REUSE_INTERVAL = 60 * SECOND;
export const ACTIVITY_INTERVAL = 300 * SECOND;
export const REFRESH_TTL = 30 * 24 * 3600 * SECOND;
export const ABSOLUTE_TTL = 50 * 24 * 3600 * SECOND;
export const MAX_SESSIONS = 5;
/** How long a session must be quiet before another key may take it over. */
export const REBIND_AFTER = 24 * 3600 * SECOND;
/** A challenge tells whole seconds. */
const ROUNDING = SECOND;
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
export type Rotation =
  | Continued
  | Ended
  | "unknown_generation"
  | "key_compromise_suspected"
  | "proof_required"
  | "proof_key_unknown";

/** A browser's key by its thumbprint, in hex; null: none. */
export type KeyName = string | null;

/** The place in a session that a proof was asked for, and when. */
export interface ModelChallenge {
  readonly sessionId: string;
  readonly generation: number;
  readonly branch: number;
  readonly challengedAt: Micros;
}

/** A key that has signed a challenge. */
export interface ModelProof {
  readonly key: string;
  readonly challenge: ModelChallenge;
}

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
  /** Of the current token. */
  key: KeyName;
  /** Whether its predecessor can still be answered the same token. */
  saltKept: boolean;
  lastActiveAt: Micros;
  refreshExpiresAt: Micros;
  endedBy: EndReason | null;
}

/** A genuine token by its place. `forged`: its tag is good and its secret was made up, by a stolen key. */
export interface ModelToken {
  readonly sessionId: string;
  readonly generation: number;
  readonly branch: number;
  /** That it was issued to. */
  readonly key: KeyName;
  readonly forged?: boolean;
}

export function endOf(session: ModelSession, now: Micros): Ended | null {
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

type Place = "current" | "predecessor" | "superseded" | "stale" | "ahead" | "hash_mismatch";

/**
 * Of a branch replaced twice, and of generations long gone, no hash is kept: they are just stale. A token
 * that was forged with a leaked key lacks the session's lineage.
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
  return token.forged && place !== "ahead" ? "hash_mismatch" : place;
}

type ProofState = "none" | "outdated" | "fresh";

function proofState(session: ModelSession, proof: ModelProof | null, now: Micros): ProofState {
  if (proof === null) return "none";
  const { sessionId, generation, branch, challengedAt } = proof.challenge;
  if (sessionId !== session.id) return "outdated";
  const isOfItsPlace = generation === session.generation && branch === session.branch;
  const age = now - challengedAt;
  return isOfItsPlace || (age >= 0 && age <= REUSE_INTERVAL + ROUNDING) ? "fresh" : "outdated";
}

type Class = "same" | "stranger" | "rebound" | "unbound";

export function classOf(session: ModelSession, token: ModelToken, proven: KeyName): Class {
  if (proven !== null && proven === session.key) return "same";
  if (token.key !== null && token.key !== proven) return "stranger";
  return token.key !== null && session.key !== null ? "rebound" : "unbound";
}

export interface Judgment {
  /** The row of the table. */
  readonly row: number;
  readonly outcome: Rotation;
}

/** The table of the rotation rule, row by row. */
function judgePresented(
  session: ModelSession,
  token: ModelToken,
  { proven, proof, now }: {
    readonly proven: KeyName;
    readonly proof: ProofState;
    readonly now: Micros;
  },
): Judgment {
  const row = (number: number, outcome: Rotation): Judgment => ({ row: number, outcome });
  const place = placeOf(session, token);
  const isRecent = now <= session.issuedAt + REUSE_INTERVAL;
  const isOpen = !session.confirmed;
  const merges = isRecent && session.branch <= LAST_MERGING_BRANCH;
  const tokenClass = classOf(session, token, proven);

  if (place === "ahead") return row(0, "unknown_generation");
  if (place === "hash_mismatch") return row(1, "key_compromise_suspected");
  if (tokenClass === "stranger" && proven === null) return row(2, "proof_required");
  if (proof === "outdated") return row(3, "proof_required");
  switch (tokenClass) {
    case "stranger":
      return place === "current" && now > session.issuedAt + REBIND_AFTER
        ? row(4, "rotated")
        : row(5, "proof_key_unknown");
    case "rebound":
      return row(6, "reused");
    case "same":
      if (place === "current") return isRecent ? row(7, "unchanged") : row(8, "rotated");
      return place === "predecessor" && session.saltKept ? row(9, "replayed") : row(10, "reissued");
    case "unbound":
      switch (place) {
        case "current":
          return isRecent && (proven === null || session.generation > 1)
            ? row(11, "unchanged")
            : row(12, "rotated");
        case "predecessor":
          if (isOpen && merges && session.key === null && session.saltKept) {
            return row(13, "replayed");
          }
          if (isOpen && merges && session.key !== null && proven === null) {
            return row(14, "proof_required");
          }
          return isOpen && session.branch < LAST_BRANCH ? row(15, "reissued") : row(16, "reused");
        case "superseded":
          return isOpen ? row(17, "rotated") : row(18, "reused");
        case "stale":
          return row(18, "reused");
      }
  }
}

export function judge(
  session: ModelSession,
  token: ModelToken,
  { proof, now }: { readonly proof: ModelProof | null; readonly now: Micros },
): Judgment {
  return judgePresented(session, token, {
    proven: proof?.key ?? null,
    proof: proofState(session, proof, now),
    now,
  });
}

/** A login proves a key and signs no challenge: there is none yet. */
export function judgeAtLogin(
  session: ModelSession,
  token: ModelToken,
  { proven, now }: { readonly proven: KeyName; readonly now: Micros },
): Judgment {
  return judgePresented(session, token, {
    proven,
    proof: proven === null ? "none" : "fresh",
    now,
  });
}

/** Presents a refresh token; changes the session as the outcome says. */
export function rotate(
  session: ModelSession | undefined,
  token: ModelToken,
  presented: { readonly proof: ModelProof | null; readonly now: Micros },
): { readonly outcome: Rotation; readonly row: number | null } {
  if (session === undefined) return { outcome: "not_found", row: null };
  const ended = endOf(session, presented.now);
  if (ended !== null) return { outcome: ended, row: null };
  const judgment = judge(session, token, presented);
  carryOut(session, token, { ...presented, judgment });
  return judgment;
}

function carryOut(
  session: ModelSession,
  token: ModelToken,
  { proof, now, judgment: { row, outcome } }: {
    readonly proof: ModelProof | null;
    readonly now: Micros;
    readonly judgment: Judgment;
  },
): void {
  switch (outcome) {
    case "rotated":
    case "reissued":
      session.previousBranch = row === 10 ? session.branch : token.branch;
      session.branch = row === 15 ? session.branch + 1 : 0;
      session.generation = row === 15 ? session.generation : session.generation + 1;
      session.saltKept = row !== 10;
      session.key = proof?.key ?? null;
      session.issuedAt = now;
      session.confirmed = false;
      session.lastActiveAt = now;
      session.refreshExpiresAt = Math.min(now + REFRESH_TTL, session.absoluteExpiresAt);
      break;
    case "unchanged":
    case "replayed":
      session.lastActiveAt = now;
      break;
    case "reused":
      session.endedBy = "reused";
  }
}

interface AccessPlace {
  readonly generation: number;
  readonly branch: number;
}

/** Whether an access token may act for its session on others. */
export function mayAct(session: ModelSession, place: AccessPlace): boolean {
  const where = placeOf(session, { sessionId: session.id, key: null, ...place });
  return where === "current" || where === "predecessor" ||
    (where === "superseded" && !session.confirmed);
}

/** Judges an access token by its place; confirms as the outcome says, and ends nothing. */
export function judgeAccess(
  session: ModelSession | undefined,
  { mayConfirm, ...presented }: AccessPlace & { readonly mayConfirm: boolean },
  now: Micros,
): "active" | "stale" | Ended {
  if (session === undefined) return "not_found";
  const ended = endOf(session, now);
  if (ended !== null) return ended;

  const place = placeOf(session, { sessionId: session.id, key: null, ...presented });
  const lostBranch = place === "stale" && presented.generation >= session.generation - 1;
  if (lostBranch || (place === "superseded" && session.confirmed)) return "stale";

  const handedOutAt = Math.max(session.issuedAt, session.lastActiveAt);
  const confirms = mayConfirm && place === "current" && session.generation > 1 &&
    session.key === null &&
    !session.confirmed && now > handedOutAt + REUSE_INTERVAL;
  if (confirms) {
    session.confirmed = true;
    session.saltKept = false;
  }
  if (confirms || session.lastActiveAt < now - ACTIVITY_INTERVAL) {
    session.lastActiveAt = Math.max(session.lastActiveAt, now);
  }
  return "active";
}

/** Whether anything from which the current token was derived may still be in the row. */
export function keepsSalt(session: ModelSession): boolean {
  return session.endedBy === null && session.saltKept;
}
