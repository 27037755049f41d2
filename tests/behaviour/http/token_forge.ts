/**
 * Tokens and challenges as only the holder of the project's `SESSION_SECRET` can make them.
 *
 * @module
 */

import type { TestStack } from "../../../local/testing/test_server.ts";
import type { Lineage, SessionId } from "../../../supabase/functions/_shared/brands.ts";
import { readConfig } from "../../../supabase/functions/_shared/config/config.ts";
import {
  createChallenge,
  readChallenge,
} from "../../../supabase/functions/_shared/tokens/proof_challenge.ts";
import {
  encodeRefreshToken,
  type GenuineRefreshToken,
  readRefreshToken,
  type RefreshTokenParts,
} from "../../../supabase/functions/_shared/tokens/refresh_token.ts";
import { deriveSessionKeys } from "../../../supabase/functions/_shared/tokens/session_keys.ts";

export interface TokenForge {
  /** A token with a good tag. Members that are not given are made up. */
  refreshToken(
    parts: Omit<Partial<RefreshTokenParts>, "sessionId"> & { readonly sessionId: string },
  ): string;
  /** A challenge of this place that is `ageSeconds` old. */
  challenge(place: {
    readonly sessionId: string;
    readonly generation: number;
    readonly branch?: number;
    readonly ageSeconds?: number;
  }): string;
  /** The same challenge, as if it had been made `seconds` earlier. */
  backdate(challenge: string, seconds: number): string;
  read(raw: string | undefined): GenuineRefreshToken | null;
}

export function openTokenForge({ environment }: Pick<TestStack, "environment">): TokenForge {
  const { sessionSecrets, supabaseUrl } = readConfig((name) => environment[name]);
  const keys = deriveSessionKeys(sessionSecrets, supabaseUrl);
  return {
    refreshToken: ({ sessionId, ...parts }) =>
      encodeRefreshToken({
        generation: 1,
        branch: 0,
        key: null,
        lineage: crypto.getRandomValues(new Uint8Array(8)) as Uint8Array as Lineage,
        secret: crypto.getRandomValues(new Uint8Array(32)),
        ...parts,
        sessionId: sessionId as SessionId,
      }, keys.signing),
    challenge: ({ sessionId, generation, branch = 0, ageSeconds = 0 }) =>
      createChallenge({
        sessionId: sessionId as SessionId,
        generation,
        branch,
        challengedAt: new Date(Date.now() - ageSeconds * 1000),
      }, keys.signing),
    backdate(challenge, seconds) {
      const place = readChallenge(challenge, keys);
      if (place === null) return challenge; // made with a secret that this stack was not started with
      const challengedAt = new Date(place.challengedAt.getTime() - seconds * 1000);
      return createChallenge({ ...place, challengedAt }, keys.signing);
    },
    read: (raw) => readRefreshToken(raw ?? "", keys),
  };
}
