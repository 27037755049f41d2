/**
 * Signing out: this session, the others, or all. Idempotent: a session that has ended already, or no
 * token at all, is as signed out as one can be.
 *
 * @module
 */

import type { AccessClaims } from "../tokens/access_token.ts";
import type { SessionId } from "../brands.ts";
import type { GenuineRefreshToken } from "../tokens/refresh_token.ts";
import type { LogoutScope, RequestContext, SessionProof } from "../store/session_store.ts";
import type { SessionDependencies } from "./dependencies.ts";
import { refuseAccess } from "./own_sessions.ts";
import { findProof, type ReadProof, refuseWithoutProof, requireProof } from "./proof.ts";
import { joinRefusals, type Refusal, refuse } from "./refusal.ts";
import { type PresentedTokens, readUnexpiredClaims } from "./presented_tokens.ts";

export interface LogoutRequest extends PresentedTokens {
  readonly scope: LogoutScope;
  readonly readProof: ReadProof;
}

export type LogoutResult =
  | { readonly kind: "signed_out"; readonly ended: number }
  | Refusal;

type LogoutDependencies = Pick<SessionDependencies, "store" | "keys" | "nowMs">;

/**
 * Signing out locally always succeeds, and says how many sessions it ended. To end other sessions takes
 * a token whose place in its session lives, so that an old copy of a cookie signs nobody out; from a
 * session that has ended, `global` succeeds and ends nothing, and `others` is refused.
 *
 * @throws {ServiceUnavailableError} If the database was not reached
 */
export async function logOut(
  dependencies: LogoutDependencies,
  request: LogoutRequest & { readonly context: RequestContext },
): Promise<LogoutResult> {
  const { access, refresh, scope } = request;
  const refreshTokens = refresh.kind === "genuine" ? [refresh.token, ...refresh.others] : [];
  const endAllPresented = async (except: readonly SessionId[] = []) =>
    await endPresented(dependencies, {
      // An expired access token is good enough to end its own session, and nothing else.
      claims: access.kind === "genuine" ? access.claims : null,
      refreshTokens,
      except,
    }, request);
  if (scope === "local") return { kind: "signed_out", ended: await endAllPresented() };

  const claims = readUnexpiredClaims(access, dependencies.nowMs());
  const result = await endEverywhere(dependencies, { claims, refreshTokens, scope }, request);
  if (result.kind === "ended") {
    const ended = scope === "global"
      ? await endAllPresented([...result.endedSessions, result.acting])
      : 0;
    return { kind: "signed_out", ended: result.ended + ended };
  }
  const [first, ...rest] = result.refusals;
  if (scope === "others") {
    return first === undefined ? refuseAccess(access) : rest.reduce(joinRefusals, first);
  }
  const decisive = result.refusals.filter(({ code }) => !SIGNED_OUT_ANYWAY.has(code));
  const [refused, ...others] = decisive;
  return refused === undefined
    ? {
      kind: "signed_out",
      ended: await endAllPresented(result.refusals.flatMap(({ endedSessions }) => endedSessions)),
    }
    : others.reduce(joinRefusals, refused);
}

/** Why nothing was ended, where a browser that wants to be signed out everywhere is as good as that. */
const SIGNED_OUT_ANYWAY: ReadonlySet<string> = new Set([
  "session_revoked",
  "refresh_token_invalid",
]);

type EndedEverywhere =
  | {
    readonly kind: "ended";
    readonly ended: number;
    /** The live session whose token did it. */
    readonly acting: SessionId;
    /** The sessions of tokens tried before, which have ended. */
    readonly endedSessions: readonly SessionId[];
  }
  | { readonly kind: "refused"; readonly refusals: readonly Refusal[] };

/**
 * With the first token that may: an access token first, which needs no proof. The tokens of an ended
 * session may lie beside those of a live one, and a restored database knows a session's access token by
 * its id when it has forgotten the refresh token beside it.
 */
async function endEverywhere(
  dependencies: LogoutDependencies,
  { claims, refreshTokens, scope }: {
    readonly claims: AccessClaims | null;
    readonly refreshTokens: readonly GenuineRefreshToken[];
    readonly scope: Exclude<LogoutScope, "local">;
  },
  { readProof, context }: LogoutRequest & { readonly context: RequestContext },
): Promise<EndedEverywhere> {
  const refusals: Refusal[] = [];
  const endedSessions = () => refusals.flatMap((refusal) => refusal.endedSessions);
  const tokens = [...(claims === null ? [] : [claims]), ...refreshTokens];
  for (const token of tokens) {
    const { sessionId } = token;
    if (endedSessions().includes(sessionId)) continue;
    const proof = await proveStrictly(dependencies, { token, readProof });
    if (proof.kind === "refused") {
      refusals.push(proof);
      continue;
    }
    const answer = await dependencies.store.logOutEverywhere({ proof, scope }, context);
    switch (answer.outcome) {
      case "ended":
        return {
          kind: "ended",
          ended: answer.ended,
          acting: sessionId,
          endedSessions: endedSessions(),
        };
      case "already_ended":
      case "not_found":
        refusals.push(refuse("session_revoked", sessionId));
        break;
      case "reused":
        refusals.push(refuse("refresh_token_already_used", sessionId));
        break;
      case "stale":
        refusals.push(refuse("access_token_superseded", sessionId));
        break;
      case "proof_required":
        refusals.push(refuseWithoutProof(dependencies, token, answer.serverTime));
        break;
      case "proof_key_unknown":
        refusals.push(refuse(answer.outcome, sessionId));
        break;
      case "not_allowed":
        refusals.push(refuse("refresh_token_invalid", sessionId));
        break;
      default:
        answer satisfies never;
    }
  }
  return { kind: "refused", refusals };
}

type Token = AccessClaims | GenuineRefreshToken;

/** A token with what it takes to act on other sessions. */
async function proveStrictly(
  dependencies: LogoutDependencies,
  { token, readProof }: { readonly token: Token; readonly readProof: ReadProof },
): Promise<SessionProof | Refusal> {
  if (!isRefreshToken(token)) return { ...token, kind: "access_token" };
  const required = await requireProof(dependencies, { presented: token, readProof });
  return required.kind === "refused"
    ? required
    : { kind: "refresh_token", presented: token, proof: required.proof };
}

function isRefreshToken(token: Token): token is GenuineRefreshToken {
  return "hash" in token;
}

/**
 * Cookies of several sessions, as a proxy that drops headers or a change of domain leaves them, are all
 * this browser's. One that we cannot clear would sign it in again.
 */
async function endPresented(
  { store }: LogoutDependencies,
  { claims, refreshTokens, except }: {
    readonly claims: AccessClaims | null;
    readonly refreshTokens: readonly GenuineRefreshToken[];
    readonly except: readonly SessionId[];
  },
  { readProof, context }: LogoutRequest & { readonly context: RequestContext },
): Promise<number> {
  const tokens: Token[] = [...refreshTokens, ...(claims === null ? [] : [claims])];
  const rest = tokens.filter(({ sessionId }) => !except.includes(sessionId));
  const sessions = [...Map.groupBy(rest, ({ sessionId }) => sessionId).values()];
  const ended = await Promise.all(sessions.map(async (tokensOfOne) => {
    for (const token of tokensOfOne) {
      const proof: SessionProof = isRefreshToken(token)
        ? {
          kind: "refresh_token",
          presented: token,
          proof: await findProof({ presented: token, readProof }),
        }
        : { ...token, kind: "access_token" };
      const answer = await store.logOut(proof, context);
      if (DECIDED.has(answer.outcome)) return "ended" in answer ? answer.ended : 0;
    }
    return 0;
  }));
  return ended.reduce((total, each) => total + each, 0);
}

/** The session is as ended as can be: no other token of it is tried. */
const DECIDED: ReadonlySet<string> = new Set(["ended", "already_ended", "not_found", "reused"]);
