/**
 * Who asks: the request's id, the caller's address and user agent, as the store wants them.
 *
 * @module
 */

import { createHash } from "node:crypto";
import type { UserAgentHash } from "../brands.ts";
import { PLATFORM_IP_HEADER, readClientAddress } from "../client_address.ts";
import type { RequestContext } from "../session_store.ts";

const MAX_USER_AGENT_LENGTH = 512;

export function readRequestContext(
  headers: Headers,
  { requestId, clientIpHeader }: { readonly requestId: string; readonly clientIpHeader: string },
): RequestContext {
  const userAgent = headers.get("user-agent");
  return {
    requestId,
    ip: readClientAddress(headers.get(clientIpHeader)) ??
      readClientAddress(headers.get(PLATFORM_IP_HEADER)),
    userAgent: userAgent?.slice(0, MAX_USER_AGENT_LENGTH) ?? null,
    userAgentHash: hashUserAgent(userAgent ?? ""),
  };
}

function hashUserAgent(userAgent: string): UserAgentHash {
  return new Uint8Array(createHash("sha256").update(userAgent).digest()) as UserAgentHash;
}
