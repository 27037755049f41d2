/**
 * Hashes as the database keeps them, for tests that call the SQL functions without the HTTP layer.
 *
 * @module
 */

import { createHash } from "node:crypto";

/** SHA-256 of a text that stands for a refresh token or a user agent. */
export function hashRefreshToken(text: string): Uint8Array {
  return new Uint8Array(createHash("sha256").update(text).digest());
}
