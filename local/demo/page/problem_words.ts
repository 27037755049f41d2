/**
 * Why nobody was signed in, or nothing was changed, in words.
 *
 * @module
 */

export type Problem =
  | { readonly kind: "refused"; readonly code: string; readonly message?: string }
  | { readonly kind: "rejected" | "busy" | "unavailable" | "cancelled" | "unsupported" };

/** Codes with which a redirect or a popup comes back: nothing but the code is in an address. */
const REDIRECT_CODES: Readonly<Record<string, string>> = {
  access_denied: "The provider or the project refused.",
  flow_state_expired: "This sign-in has expired: begin again.",
  oauth_failed: "The provider could not say who you are: try again.",
  oauth_provider_not_supported: "This project has no such provider.",
  otp_expired: "This link was used, or has expired: ask for another.",
  signup_disabled: "Nobody can sign up here.",
};

export function problemOf(problem: Problem): string {
  switch (problem.kind) {
    case "refused":
      return problem.message ?? REDIRECT_CODES[problem.code] ??
        `The sign-in failed: ${problem.code}.`;
    case "rejected":
      return "You are not signed in any more.";
    case "busy":
      return "Too many attempts: try again later.";
    case "unavailable":
      return "The server did not answer: try again.";
    case "cancelled":
      return "Cancelled: nothing was changed.";
    case "unsupported":
      return "This browser has no passkeys.";
    default:
      return problem satisfies never;
  }
}
