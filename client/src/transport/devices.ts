/**
 * The outcomes of requests about the person's devices.
 *
 * @module
 */

import type { Busy, Rejected, Unavailable } from "./outcome.ts";
import type { SessionEntry } from "./views.ts";

/**
 * The live sessions of the person, or why they cannot be listed.
 *
 * @example
 * ```ts
 * import { createAuthClient } from "@unified-auth/client";
 *
 * const auth = createAuthClient({ baseUrl: "/functions/v1/unified-auth" });
 * const outcome = await auth.devices.list();
 * if (outcome.kind === "listed") console.log(outcome.devices.length);
 * ```
 */
export type DevicesOutcome =
  | { readonly kind: "listed"; readonly devices: readonly SessionEntry[] }
  | Rejected
  | Busy
  | Unavailable;

/**
 * Whether a session was ended, or why not.
 *
 * @example
 * ```ts
 * import { createAuthClient } from "@unified-auth/client";
 *
 * const auth = createAuthClient({ baseUrl: "/functions/v1/unified-auth" });
 * const { kind } = await auth.devices.end("00000000-0000-0000-0000-000000000000");
 * console.log(kind === "not-found");
 * ```
 */
export type EndDeviceOutcome =
  | { readonly kind: "done" }
  | { readonly kind: "not-found" }
  | Rejected
  | Busy
  | Unavailable;
