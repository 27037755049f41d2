/**
 * Refresh tokens of several sessions in one request. A browser keeps the cookie of an earlier domain or
 * partition beside the one that it is given now, and no answer of ours can remove it: a dead session in
 * the one must not hide the live session in the other.
 *
 * @module
 */

import type { GenuineRefreshToken } from "../tokens/refresh_token.ts";
import type { RequestContext } from "../store/session_store.ts";
import { joinRefusals } from "./refusal.ts";
import {
  type RefreshDependencies,
  type RefreshRequest,
  type RefreshResult,
  refreshSession,
} from "./refresh.ts";

export interface RefreshAnyRequest extends RefreshRequest {
  /** Of other sessions, each tried where those before it were refused. */
  readonly others: readonly GenuineRefreshToken[];
}

/**
 * Refreshes the first session that goes on. One after the other: a session that is not needed is left
 * as it is, and each refusal is recorded whatever the next one answers. A stolen token ends its session
 * all the same.
 *
 * @throws {ServiceUnavailableError} If one of them got no answer: it may be the live one
 */
export async function refreshAny(
  dependencies: RefreshDependencies,
  { others, ...request }: RefreshAnyRequest & { readonly context: RequestContext },
): Promise<RefreshResult> {
  const refused = await refreshSession(dependencies, request);
  const [presented, ...rest] = others;
  if (refused.kind !== "refused" || presented === undefined) return refused;
  const result = await refreshAny(dependencies, { ...request, presented, others: rest });
  return result.kind === "refused" ? joinRefusals(refused, result) : result;
}
