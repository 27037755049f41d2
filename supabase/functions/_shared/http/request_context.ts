/**
 * Who sent a request: its id, the caller's address and user agent, as the store wants them.
 *
 * @module
 */

import { PLATFORM_IP_HEADER, readClientAddress } from "../client_address.ts";
import type { RequestContext } from "../store/session_store.ts";

const MAX_USER_AGENT_LENGTH = 512;

export function readRequestContext(
  headers: Headers,
  { requestId, clientIpHeader }: { readonly requestId: string; readonly clientIpHeader: string },
): RequestContext {
  return {
    requestId,
    ip: readClientAddress(headers.get(clientIpHeader)) ??
      readClientAddress(headers.get(PLATFORM_IP_HEADER)),
    userAgent: headers.get("user-agent")?.slice(0, MAX_USER_AGENT_LENGTH) ?? null,
  };
}
