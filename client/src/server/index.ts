/**
 * For servers that render pages: who is this visitor, asked with the visitor's own cookies.
 *
 * @example
 * ```ts
 * import { readSession } from "@unified-auth/client/server";
 *
 * const visit = await readSession(request, { baseUrl: "https://app.example.com/functions/v1" });
 * const title = visit.user ? `Hello ${visit.user.email}` : "Hello";
 * const response = new Response(title, { headers: visit.headers });
 * ```
 *
 * @module
 */

export { readSession } from "./read_session.ts";
export type { ReadSessionOptions, RequestLike, Visit, VisitStatus } from "./read_session.ts";
export type { InitialSession } from "./initial_session.ts";
export type { UnifiedAuthUser } from "../transport/views.ts";
