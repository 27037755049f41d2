/**
 * Rotation of a refresh token: proposes successors, lets the database decide, and answers the token
 * that the browser should hold now. Both `refresh` and `validate` with auto-refresh come through here.
 *
 * @module
 */

import type { RawRefreshToken, SessionId } from "../brands.ts";
import type { ErrorCode } from "../errors.ts";
import { type GenuineRefreshToken, MAX_GENERATION } from "../refresh_token.ts";
import { ServiceUnavailableError } from "../service_unavailable.ts";
import type {
  ContinuedOutcome,
  RefusedRotation,
  RequestContext,
  RotateSessionAnswer,
} from "../session_store.ts";
import { deriveSuccessor, proposeSuccessors, SUCCESSOR_SALT_BYTES } from "../successor.ts";
import type { SessionDependencies } from "./dependencies.ts";
import { grantTokens, type SessionGrant } from "./grant.ts";
import { type Refusal, refuse } from "./refusal.ts";
import { sessionOverCode } from "./session_end.ts";

/**
 * How many branches a generation may have. Each lost reply costs one; when they run out, the same
 * browser keeps getting the last one.
 */
const BRANCHES_PER_GENERATION = 4;

/**
 * What a rotation takes. Only a reissue needs more, seldom enough to ask twice then: each proposal costs
 * two HMACs and a hash.
 */
const BRANCHES_AT_FIRST = 1;

export type RefreshResult =
  | { readonly kind: "refreshed"; readonly outcome: ContinuedOutcome; readonly grant: SessionGrant }
  | Throttled
  | Refusal;

/** The session goes on, but has refreshed too often: nothing was changed. */
export interface Throttled {
  readonly kind: "throttled";
  readonly retryAfterSeconds: number;
  readonly sessionId: SessionId;
}

export interface RefreshRequest {
  readonly presented: GenuineRefreshToken;
  readonly event: "refresh" | "auto_refresh";
}

export type RefreshDependencies = Pick<
  SessionDependencies,
  "store" | "accessTokens" | "keys" | "log" | "randomBytes"
>;

/** @throws {ServiceUnavailableError} If the session could not be asked about; it is untouched then */
export async function refreshSession(
  dependencies: RefreshDependencies,
  { presented, event, context }: RefreshRequest & { readonly context: RequestContext },
): Promise<RefreshResult> {
  const { log } = dependencies;
  const { sessionId } = presented;
  // Nothing follows the last generation, and no session lives to see it: a leaked key wrote this.
  if (presented.generation === MAX_GENERATION) {
    return refuse("unknown_generation", sessionId);
  }
  const { answer, successors } = await rotate(dependencies, { presented, event, context });

  if (answer.outcome === "throttled") {
    return { kind: "throttled", retryAfterSeconds: answer.retryAfterSeconds, sessionId };
  }
  if (!("session" in answer)) {
    if (answer.outcome === "key_compromise_suspected") {
      log.error("refresh token with a good tag and a wrong hash: a session key may have leaked", {
        request_id: context.requestId,
        session_id: sessionId,
        key_id: presented.keyId,
      });
    }
    return refuse(refusalCode(answer.outcome), sessionId);
  }

  const refreshToken = heldToken(answer, { presented, successors, dependencies });
  const grant = await grantTokens(dependencies, { ...answer, refreshToken });
  return { kind: "refreshed", outcome: answer.outcome, grant };
}

type Successors = ReturnType<typeof proposeSuccessors>;

/** Which branch is needed is known only under the row's lock: asks once more when it was not proposed. */
async function rotate(
  { store, keys, randomBytes }: Pick<SessionDependencies, "store" | "keys" | "randomBytes">,
  { presented, event, context }: RefreshRequest & { readonly context: RequestContext },
): Promise<{
  readonly answer: Exclude<RotateSessionAnswer, { outcome: "successor_wanted" }>;
  readonly successors: Successors;
}> {
  const salt = randomBytes(SUCCESSOR_SALT_BYTES);
  for (const branches of [BRANCHES_AT_FIRST, BRANCHES_PER_GENERATION]) {
    const successors = proposeSuccessors({ predecessor: presented, salt, branches }, keys.signing);
    const answer = await store.rotateSession({
      presented,
      successorHashes: successors.map(({ hash }) => hash),
      maxBranches: BRANCHES_PER_GENERATION,
      successorSalt: salt,
      successorKeyId: keys.signing.id,
      event,
    }, context);
    if (answer.outcome !== "successor_wanted") return { answer, successors };
  }
  throw new ServiceUnavailableError({ dependency: "session_store", code: "unexpected_answer" });
}

type ContinuedAnswer = Extract<RotateSessionAnswer, { outcome: ContinuedOutcome }>;

function heldToken(answer: ContinuedAnswer, origin: {
  readonly presented: GenuineRefreshToken;
  readonly successors: Successors;
  readonly dependencies: Pick<SessionDependencies, "keys">;
}): RawRefreshToken {
  switch (answer.outcome) {
    case "unchanged":
      return origin.presented.raw;
    case "rotated":
    case "reissued":
      return requireStored(origin.successors[answer.session.branch], answer);
    case "replayed": {
      // With the key that derived it, not the newest: secrets may rotate inside the window.
      const key = origin.dependencies.keys.find(answer.successorKeyId);
      return requireStored(
        key && deriveSuccessor({
          predecessor: origin.presented,
          branch: answer.session.branch,
          salt: answer.successorSalt,
        }, key),
        answer,
      );
    }
    default:
      return answer satisfies never;
  }
}

/** A token whose hash is not the stored one would sign the browser out at its next refresh. */
function requireStored(
  token: ReturnType<typeof deriveSuccessor> | undefined,
  { refreshTokenHash }: Pick<ContinuedAnswer, "refreshTokenHash">,
): RawRefreshToken {
  if (token !== undefined && equalBytes(token.hash, refreshTokenHash)) return token.raw;
  throw new ServiceUnavailableError({
    dependency: "session_keys",
    code: token === undefined ? "key_missing" : "successor_differs",
  });
}

function equalBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, index) => byte === right[index]);
}

function refusalCode(outcome: RefusedRotation): ErrorCode {
  switch (outcome) {
    case "unknown_generation":
      return "unknown_generation";
    case "key_compromise_suspected":
      return "refresh_token_invalid";
    default:
      return sessionOverCode(outcome);
  }
}
