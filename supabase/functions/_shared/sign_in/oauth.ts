/**
 * OAuth with PKCE (RFC 7636), for the browser by the server: the verifier never leaves the sealed cookie,
 * so a code is of use only to the browser that began.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { ServiceUnavailableError } from "../service_unavailable.ts";
import type { RequestContext } from "../store/session_store.ts";
import type { LoginOrigin } from "../sessions/login.ts";
import {
  advance,
  openingName,
  releaseQuietly,
  resume,
  type SignInResult,
  type SignInThrottled,
} from "./advance.ts";
import { claimOf } from "./attempt_limits.ts";
import type { SignInDependencies } from "./dependencies.ts";
import type { PendingSignIn } from "./pending.ts";
import { refusalCode } from "./refusal_codes.ts";

/** Supabase Auth's flow lives no longer, the stay at the provider included. */
export const OAUTH_FLOW_SECONDS = 300;

/** A code is good for those 300 s at most. */
const CLAIM_CODE_SECONDS = 3600;

const ID_BYTES = 12;
const VERIFIER_BYTES = 32;

export interface OAuthFlow {
  readonly id: string;
  readonly verifier: string;
  readonly returnTo: string;
}

export interface OAuthStart {
  readonly provider: string;
  readonly scopes: string | null;
  readonly loginHint: string | null;
  readonly returnTo: string;
  readonly context: RequestContext;
}

export type OAuthStartResult =
  | { readonly kind: "redirect"; readonly location: string; readonly flow: OAuthFlow }
  /** Supabase Auth knows no such provider, or it is switched off. */
  | { readonly kind: "unsupported" }
  | SignInThrottled;

/** @throws {ServiceUnavailableError} If Supabase Auth was not reached */
export async function beginOAuth(
  { signInProvider, randomBytes }: SignInDependencies,
  { provider, scopes, loginHint, returnTo, context }: OAuthStart,
): Promise<OAuthStartResult> {
  const verifier = Buffer.from(randomBytes(VERIFIER_BYTES)).toString("base64url");
  const codeChallenge = createHash("sha256").update(verifier).digest("base64url");
  const answer = await signInProvider.authorize(
    { provider, codeChallenge, scopes, loginHint },
    context,
  );
  switch (answer.kind) {
    case "ok": {
      const id = Buffer.from(randomBytes(ID_BYTES)).toString("base64url");
      return { kind: "redirect", location: answer.value, flow: { id, verifier, returnTo } };
    }
    case "refused":
      return { kind: "unsupported" };
    case "rate_limited":
      return { kind: "throttled", retryAfterSeconds: answer.retryAfterSeconds };
    default:
      return answer satisfies never;
  }
}

export interface OAuthReturn {
  readonly code: string;
  /** Of this browser, unexpired, the newest first. */
  readonly flows: readonly OAuthFlow[];
  readonly pending: PendingSignIn | null;
  readonly origin: LoginOrigin;
}

export interface OAuthReturnResult {
  readonly result: SignInResult;
  /** Whose code it was; null: none of this browser's. */
  readonly flow: OAuthFlow | null;
}

/** @throws {ServiceUnavailableError} If Supabase Auth was not reached: the code is as it was */
export async function finishOAuth(
  dependencies: SignInDependencies,
  { code, flows, pending, origin }: OAuthReturn,
): Promise<OAuthReturnResult> {
  const { signInStore, keys } = dependencies;
  const claim = claimOf(keys, { kind: "code", value: code });
  const openedBy = openingName(claim);
  const resumed = await resume(dependencies, { openedBy, pending, origin });
  if (resumed !== null) return { result: resumed, flow: flows[0] ?? null };
  // Without a cookie of the same browser nothing is exchanged: the code may be an attacker's own.
  const notOfThisBrowser = {
    result: { kind: "refused", code: "flow_state_not_found" },
    flow: null,
  } as const;
  if (flows.length === 0) return notOfThisBrowser;
  if (!await signInStore.claim(claim, { keepSeconds: CLAIM_CODE_SECONDS })) return notOfThisBrowser;
  try {
    const exchanged = await exchange(dependencies, { code, flows, origin });
    if (exchanged === null) {
      await signInStore.release(claim); // the browser whose code it is may still come
      return notOfThisBrowser;
    }
    const { answer, flow } = exchanged;
    switch (answer.kind) {
      case "ok": {
        const step = { session: answer.value, intent: "sign_in", needsConsent: false } as const;
        // A provider's word has replaced an unverified password already: see advance.ts.
        const session = { ...answer.value, justConfirmedAt: null };
        return {
          result: await advance(dependencies, { ...step, session, openedBy, origin }),
          flow,
        };
      }
      case "refused":
        return { result: { kind: "refused", code: refusalCode(answer.code) }, flow };
      case "rate_limited":
        await signInStore.release(claim);
        return {
          result: { kind: "throttled", retryAfterSeconds: answer.retryAfterSeconds },
          flow: null,
        };
      default:
        return answer satisfies never;
    }
  } catch (error: unknown) {
    if (error instanceof ServiceUnavailableError) await releaseQuietly(dependencies, claim);
    throw error;
  }
}

/**
 * With several flows in one browser only Supabase Auth knows whose code it is: a wrong verifier leaves the
 * code as it is, so each flow is tried, the newest first. Null: none of them fits.
 */
async function exchange(
  { signInProvider }: SignInDependencies,
  { code, flows, origin }: {
    readonly code: string;
    readonly flows: readonly OAuthFlow[];
    readonly origin: LoginOrigin;
  },
) {
  for (const flow of flows) {
    const { verifier } = flow;
    const answer = await signInProvider.exchangeCode({ code, verifier }, origin.context);
    if (answer.kind === "refused" && answer.code === "bad_code_verifier") continue;
    return { answer, flow };
  }
  return null;
}
