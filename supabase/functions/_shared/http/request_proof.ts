/**
 * The proof of a request: its `DPoP` header (RFC 9449).
 *
 * @module
 */

import type { ProofRoute } from "../tokens/key_proof.ts";
import type { SessionKeys } from "../tokens/session_keys.ts";
import { NO_PROOF, type ProofReading, type ReadProof } from "../sessions/proof.ts";

/**
 * Reads the header when a use case first needs it, and verifies no more than one signature, however
 * many tokens the request holds.
 */
export function readRequestProof(
  headers: Headers,
  { route, keys, bindsSessions }: {
    readonly route: ProofRoute;
    readonly keys: SessionKeys;
    readonly bindsSessions: boolean;
  },
): ReadProof {
  const header = headers.get("dpop");
  if (header === null || !bindsSessions) return NO_PROOF;
  let reading: Promise<ProofReading> | null = null;
  return () => reading ??= judge(header, { route, keys });
}

async function judge(
  header: string,
  options: { readonly route: ProofRoute; readonly keys: SessionKeys },
): Promise<ProofReading> {
  const { verifyKeyProof } = await import("../tokens/key_proof.ts"); // a cold start's request has none
  const proof = await verifyKeyProof(header, options);
  return proof === null ? { kind: "invalid" } : { kind: "proven", proof };
}
