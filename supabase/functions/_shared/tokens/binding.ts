/**
 * Whether sessions are bound to the keys of their browsers.
 *
 * @module
 */

/** Why sessions may not be bound. */
export const UNBOUND_BECAUSE = [
  "setting",
  "cookie_domain",
  "several_origins",
  "unpartitioned_cookie",
] as const;

/** Whether sessions are bound, and if not, why. */
export type Binding =
  | { readonly kind: "on" }
  | { readonly kind: "off"; readonly reason: typeof UNBOUND_BECAUSE[number] };
