/**
 * Where a browser goes after a sign-in: a path of an allowed origin, and nothing that a browser might read
 * as another place (open redirect, CWE-601).
 *
 * @module
 */

import type { ErrorCode } from "../errors.ts";

/** Why nobody is signed in after a redirect: a code of the API, or one that only a redirect has. */
export type AuthErrorCode =
  | ErrorCode
  | "oauth_failed"
  | "oauth_provider_not_supported"
  | "provider_email_needs_verification";

/** Parameters of an earlier sign-in's return: no part of the place. */
const RETURN_PARAMETER = /^auth_(?:error|step)(?:=|$)/;

/** Printable ASCII. Browsers drop tabs and line breaks and turn `\` into `/` before they parse. */
const PLAIN = /^[!-~]{1,2000}$/;

export interface ReturnToOptions {
  /** In the form that `canonicalOrigin` gives. */
  readonly allowedOrigins: readonly string[];
  /** Of the page that is at the function's own address. */
  readonly ownOrigin: string;
}

/** The whole URL; null if it is refused. Without a text, the first allowed origin's `/`. */
export function readReturnTo(text: string | undefined, options: ReturnToOptions): string | null {
  const { allowedOrigins, ownOrigin } = options;
  const home = allowedOrigins[0] ?? ownOrigin;
  if (text === undefined) return `${home}/`;
  if (!PLAIN.test(text) || text.includes("\\")) return null;
  const isPath = text.startsWith("/") && !text.startsWith("//");
  // Compared as it was written, before any parser had a chance to make something else of it.
  const origin = isPath
    ? home
    : [...allowedOrigins, ownOrigin].find((each) => text.startsWith(`${each}/`) || text === each);
  if (origin === undefined || !URL.canParse(text, origin)) return null;
  const url = new URL(text, origin);
  if (url.origin !== origin || url.username !== "" || url.password !== "") return null;
  const fields = url.search.slice(1).split("&");
  url.search = fields.filter((field) => !RETURN_PARAMETER.test(field)).join("&");
  return url.href;
}

/** The same place, with why nobody is signed in. */
export function withAuthError(returnTo: string, code: AuthErrorCode): string {
  const url = new URL(returnTo);
  // As text: `URLSearchParams` would write the app's own parameters in another way.
  url.search += `${url.search === "" ? "?" : "&"}auth_error=${code}`;
  return url.href;
}
