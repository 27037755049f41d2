/**
 * The place of a token in its session: of access tokens, refresh tokens and challenges alike.
 *
 * @module
 */

import type { SessionId } from "../brands.ts";

/** A rotation makes the next generation; branches tell apart tokens that raced for the same one. */
export interface TokenPlace {
  readonly sessionId: SessionId;
  readonly generation: number;
  readonly branch: number;
}
