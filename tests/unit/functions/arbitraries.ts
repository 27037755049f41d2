/**
 * Arbitrary values for the unit tests: ids, secrets and keys of the shapes that the modules take.
 *
 * @module
 */

import fc from "fast-check";
import type {
  KeyThumbprint,
  Lineage,
  SessionId,
} from "../../../supabase/functions/_shared/brands.ts";
import { deriveSessionKeys } from "../../../supabase/functions/_shared/tokens/session_keys.ts";

export const PROJECT_URL = "https://abc.supabase.co";

export const keys = deriveSessionKeys(["0123456789abcdef0123456789abcdef"], PROJECT_URL);

export const sessionIds = fc.uuid().map((id) => id as SessionId);

export function bytes(length: number): fc.Arbitrary<Uint8Array> {
  return fc.uint8Array({ minLength: length, maxLength: length });
}

export const generations = fc.integer({ min: 1, max: 2 ** 31 - 1 });

export const branches = fc.integer({ min: 0, max: 255 });

/** Names of browser keys. Zeros name none. */
export const thumbprints = bytes(16)
  .filter((thumbprint) => thumbprint.some((byte) => byte !== 0))
  .map((thumbprint) => thumbprint as KeyThumbprint);

export const lineages = bytes(8).map((lineage) => lineage as Lineage);

/** The origin of the first token of a session without a key, where a test does not care. */
export const UNBOUND_START = { key: null, lineage: new Uint8Array(8) as Lineage };

/** Everything that a refresh token says. */
export const tokenParts = fc.record({
  sessionId: sessionIds,
  generation: generations,
  branch: branches,
  key: fc.option(thumbprints),
  lineage: lineages,
  secret: bytes(32),
});

/** Any text, well-formed or not. fast-check's own `binary` unit takes a second to set up. */
export function anyText(maxLength: number): fc.Arbitrary<string> {
  const units = fc.oneof(fc.integer({ min: 0, max: 0x7f }), fc.integer({ min: 0, max: 0xffff }));
  return fc.array(units, { maxLength }).map((codes) => String.fromCharCode(...codes));
}
