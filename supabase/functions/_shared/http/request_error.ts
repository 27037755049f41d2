/**
 * A request that cannot be served as it is: thrown while it is read, turned into its documented answer
 * in one place.
 *
 * @module
 */

import type { ProofChallenge } from "../brands.ts";
import type { ErrorCode } from "../errors.ts";

export class RequestError extends Error {
  override readonly name = "RequestError";
  readonly code: ErrorCode;
  /** Which part of the request is at fault, and why; never what it held. Null: the code says it all. */
  readonly detail: string | null;
  readonly headers: Readonly<Record<string, string>>;
  /** The challenge to sign, where the code is `proof_required`. */
  readonly challenge: ProofChallenge | null;
  /** The session lives, and a refresh decides: of `validate-session` alone. */
  readonly isStale: boolean;

  constructor(
    code: ErrorCode,
    { detail = null, headers = {}, challenge = null, isStale = false }: {
      readonly detail?: string | null;
      readonly headers?: Readonly<Record<string, string>>;
      readonly challenge?: ProofChallenge | null;
      readonly isStale?: boolean;
    } = {},
  ) {
    super(`Cannot serve the request: ${code}`);
    this.code = code;
    this.detail = detail;
    this.headers = headers;
    this.challenge = challenge;
    this.isStale = isStale;
  }
}

/** Says when to come again. */
export function tooManyAttempts(
  { retryAfterSeconds }: { readonly retryAfterSeconds: number },
): RequestError {
  return new RequestError("over_request_rate_limit", {
    headers: { "Retry-After": String(retryAfterSeconds) },
  });
}
