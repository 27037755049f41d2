/**
 * Maps a login's result to a grant, or to the error that is answered instead.
 *
 * @module
 */

import type { SessionGrant } from "../sessions/grant.ts";
import type { LoginResult } from "../sessions/login.ts";
import { RequestError } from "./request_error.ts";

/** @throws {RequestError} If nobody was signed in */
export function requireSignedIn(
  result: Exclude<LoginResult, { kind: "second_factor" }>,
): SessionGrant {
  switch (result.kind) {
    case "signed_in":
      return result.grant;
    case "refused":
      throw new RequestError(result.code);
    case "throttled":
      throw tooManyAttempts(result);
    default:
      return result satisfies never;
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
