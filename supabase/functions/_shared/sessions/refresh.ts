/**
 * Rotation of a refresh token: proposes successors, lets the database decide, and answers the token
 * that the browser should hold now. Both `refresh` and `validate` with auto-refresh come through here.
 *
 * @module
 */

import type { RawRefreshToken, SessionId } from "../brands.ts";
import { type ErrorCode, sessionEndedCode } from "../errors.ts";
import { type GenuineRefreshToken, MAX_GENERATION } from "../tokens/refresh_token.ts";
import { ServiceUnavailableError } from "../service_unavailable.ts";
import type {
  ContinuedOutcome,
  RefusedRotation,
  RequestContext,
  RotateSessionAnswer,
} from "../store/session_store.ts";
import type { PresentedProof } from "../tokens/key_proof.ts";
import {
  deriveSuccessor,
  type Successor,
  SUCCESSOR_SALT_BYTES,
  type SuccessorOrigin,
} from "../tokens/successor.ts";
import type { SessionDependencies } from "./dependencies.ts";
import { grantTokens, logHookRefusal, type SessionGrant } from "./grant.ts";
import { type ReadProof, refuseWithoutProof, requireProof } from "./proof.ts";
import { joinRefusals, type Refusal, refuse } from "./refusal.ts";

/**
 * How often a successor is proposed. The second proposal fits, unless another request moved the session
 * in between: each further one means that somebody else of the same session was served.
 */
const MAX_PROPOSALS = 100;

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
  /** Of other sessions, each tried where those before it were refused. */
  readonly others: readonly GenuineRefreshToken[];
  readonly readProof: ReadProof;
  readonly event: "refresh" | "auto_refresh";
}

type OneRefresh = Omit<RefreshRequest, "others"> & { readonly context: RequestContext };

type RefreshDependencies = Pick<
  SessionDependencies,
  "store" | "accessTokens" | "keys" | "log" | "randomBytes" | "nowMs"
>;

/**
 * Refreshes the first session that goes on. A browser keeps the cookie of an earlier domain or partition
 * beside the one that it is given now, and no answer of ours can remove it: an ended session in the one
 * must not hide the live session in the other.
 *
 * One after the other: a session that is not needed is left as it is, and each refusal is recorded
 * whatever the next one answers. A stolen token ends its session all the same.
 *
 * @throws {ServiceUnavailableError} If one of them got no answer: it may be the live one, and is untouched
 */
export async function refreshSession(
  dependencies: RefreshDependencies,
  { others, ...request }: RefreshRequest & { readonly context: RequestContext },
): Promise<RefreshResult> {
  const refusals: Refusal[] = [];
  for (const presented of [request.presented, ...others]) {
    const result = await refreshOne(dependencies, { ...request, presented });
    if (result.kind !== "refused") return result;
    refusals.push(result);
  }
  return refusals.reduceRight((joined, refusal) => joinRefusals(refusal, joined));
}

async function refreshOne(
  dependencies: RefreshDependencies,
  request: OneRefresh,
): Promise<RefreshResult> {
  const { presented } = request;
  const { sessionId } = presented;
  // Nothing follows the last generation, and no session lives to see it: a leaked key wrote this.
  if (presented.generation === MAX_GENERATION) {
    return refuse("unknown_generation", sessionId);
  }
  const required = await requireProof(dependencies, request);
  if (required.kind === "refused") return required;
  const { proof } = required;
  const { answer, proposed } = await rotate(dependencies, { ...request, proof });

  if (answer.outcome === "throttled") {
    return { kind: "throttled", retryAfterSeconds: answer.retryAfterSeconds, sessionId };
  }
  if (answer.outcome === "proof_required") {
    return refuseWithoutProof(dependencies, presented, answer.serverTime);
  }
  if (answer.outcome === "hook_refused") {
    logHookRefusal(dependencies.log, answer, request.context);
    return refuse("access_denied", sessionId);
  }
  if (!("session" in answer)) {
    if (answer.outcome === "key_compromise_suspected") {
      dependencies.log.error(
        "refresh token with a good tag and a wrong hash: a session key may have leaked",
        {
          request_id: request.context.requestId,
          session_id: sessionId,
          key_id: presented.keyId,
        },
      );
    }
    return refuse(refusalCode(answer.outcome), sessionId);
  }

  const refreshToken = heldToken(answer, { presented, proposed, keys: dependencies.keys });
  const grant = await grantTokens(dependencies, { ...answer, refreshToken });
  return { kind: "refreshed", outcome: answer.outcome, grant };
}

/** Which place is needed is known only under the row's lock: proposes anew for the one that is wanted. */
async function rotate(
  { store, keys, randomBytes }: Pick<SessionDependencies, "store" | "keys" | "randomBytes">,
  { presented, proof, event, context }: Omit<OneRefresh, "readProof"> & {
    readonly proof: PresentedProof | null;
  },
): Promise<{
  readonly answer: Exclude<RotateSessionAnswer, { outcome: "successor_wanted" }>;
  readonly proposed: Successor;
}> {
  let origin: SuccessorOrigin = {
    predecessor: presented,
    generation: presented.generation + 1,
    branch: 0,
    key: proof?.thumbprint ?? null,
    lineage: null,
    salt: randomBytes(SUCCESSOR_SALT_BYTES),
  };
  let canReplay = true;
  for (let proposals = 0; proposals < MAX_PROPOSALS; proposals++) {
    const proposed = deriveSuccessor(origin, keys.signing);
    const answer = await store.rotateSession({
      presented,
      proof,
      successor: {
        ...proposed,
        ...(canReplay
          ? { salt: origin.salt, keyId: keys.signing.id }
          : { salt: null, keyId: null }),
      },
      event,
    }, context);
    if (answer.outcome === "successor_wanted") {
      const { generation, branch, lineage } = answer;
      origin = { ...origin, generation, branch, lineage };
    } else if (answer.outcome === "replayed" && canReplay && !keys.find(answer.successorKeyId)) {
      // Derived with a secret that was taken back. To wait for it would be to wait forever.
      canReplay = false;
    } else {
      return { answer, proposed };
    }
  }
  throw new ServiceUnavailableError({ dependency: "session_store", code: "unexpected_answer" });
}

type ContinuedAnswer = Extract<RotateSessionAnswer, { outcome: ContinuedOutcome }>;

function heldToken(answer: ContinuedAnswer, { presented, proposed, keys }: {
  readonly presented: GenuineRefreshToken;
  readonly proposed: Successor;
  readonly keys: SessionDependencies["keys"];
}): RawRefreshToken {
  switch (answer.outcome) {
    case "unchanged":
      return presented.raw;
    case "rotated":
    case "reissued":
      return requireStored(proposed, answer);
    case "replayed": {
      // With the session key that derived it, not the newest: secrets may rotate in the meantime.
      const sessionKey = keys.find(answer.successorKeyId);
      const { session, lineage, successorSalt: salt } = answer;
      return requireStored(
        sessionKey && deriveSuccessor({
          predecessor: presented,
          generation: session.generation,
          branch: session.branch,
          key: session.keyThumbprint,
          lineage,
          salt,
        }, sessionKey),
        answer,
      );
    }
    default:
      return answer satisfies never;
  }
}

/** A token whose hash is not the stored one would sign the browser out at its next refresh. */
function requireStored(
  token: Successor | undefined,
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
    case "proof_key_unknown":
    case "role_not_allowed":
      return outcome;
    case "key_compromise_suspected":
      return "refresh_token_invalid";
    default:
      return sessionEndedCode(outcome);
  }
}
