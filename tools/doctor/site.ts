/**
 * Whether two origins are one site, as browsers count it: one scheme and one registrable domain, by the
 * public suffix list with its private part. On that list is `supabase.co`, so that every project is a
 * separate site.
 *
 * @module
 */

import { parse } from "tldts";

export type Relation = "same_origin" | "same_site" | "cross_site";

export function relate(origin: string, other: string): Relation {
  if (origin === other) return "same_origin";
  const [left, right] = [new URL(origin), new URL(other)];
  const isOneSite = left.protocol === right.protocol && siteOf(left) === siteOf(right);
  return isOneSite ? "same_site" : "cross_site";
}

/** The registrable domain; of an address, or of a public suffix itself, the whole host. */
export function siteOf({ hostname }: URL): string {
  return parse(hostname, { allowPrivateDomains: true }).domain ?? hostname;
}

/** Browsers take `Secure` cookies from these over plain HTTP too. */
export function isLoopback({ hostname }: URL): boolean {
  return /^(?:localhost|.*\.localhost|127(?:\.\d+){3}|\[::1\])$/.test(hostname);
}
