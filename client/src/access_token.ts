/**
 * The access token in memory, where the server shows it to the page at all. It is never stored and
 * never sent to another tab. It must not know how the server is asked.
 *
 * @module
 */

import { orAborted, refuseAborted } from "./abort.ts";
import { elapsedMs, type Instant } from "./clock.ts";
import { SessionEndedError, SessionUnavailableError } from "./errors.ts";
import type { Busy, SessionUser, Unavailable, Valid } from "./outcome.ts";
import type { AccessTokenOptions } from "./session.ts";
import type { State } from "./transition.ts";

export interface HeldAccessToken {
  /** Keeps what an answer brought; `asked` is when the server was asked. */
  keep(valid: Valid<SessionUser>, asked: Instant): void;
  /**
   * The token of the generation in `state`, if it lives for more than `minTtlMs`. Null when the
   * server shows none, undefined when it must be asked.
   */
  fit<U extends SessionUser>(
    state: State<U>,
    now: Instant,
    minTtlMs: number,
  ): string | null | undefined;
}

export function holdAccessToken(): HeldAccessToken {
  let held: { readonly valid: Valid<SessionUser>; readonly asked: Instant } | null = null;
  return {
    keep: (valid, asked) => void (held = { valid, asked }),
    fit({ grant }, now, minTtlMs) {
      if (!grant) held = null;
      if (!held || !grant) return undefined;
      const { sessionId, generation, accessExpiresInMs, accessToken } = held.valid;
      return sessionId === grant.sessionId && generation === grant.generation &&
          accessExpiresInMs - elapsedMs(held.asked, now) > minTtlMs
        ? accessToken ?? null
        : undefined;
    },
  };
}

/**
 * The access token of the session, asked for if need be.
 *
 * @throws {RangeError} If `minTtlMs` is negative or not finite.
 */
export async function readAccessToken<U extends SessionUser>(
  token: HeldAccessToken,
  { minTtlMs = 0, signal }: AccessTokenOptions,
  { state, now, recover, lastDoubt }: {
    readonly state: () => State<U>;
    readonly now: () => Instant;
    readonly recover: (minTtlMs: number) => Promise<void>;
    readonly lastDoubt: () => Busy | Unavailable | null;
  },
): Promise<string | null> {
  if (!(minTtlMs >= 0 && minTtlMs < Infinity)) {
    throw new RangeError(
      `Cannot get an access token as 'minTtlMs' is out of range: current value is ${minTtlMs}`,
    );
  }
  refuseAborted(signal);
  // More than a token ever has would mean a refresh with each call.
  const enoughMs = Math.min(minTtlMs, (state().grant?.accessTtlMs ?? Infinity) / 2);
  const held = token.fit(state(), now(), enoughMs);
  if (held !== undefined) return held;
  const ask = () => signal ? orAborted(recover(enoughMs), signal) : recover(enoughMs);
  await ask();
  // Another tab asked in this one's place: its verdict is ours too, but its token is not.
  const isVerified = state().status === "active" && state().failures === 0;
  if (isVerified && token.fit(state(), now(), 0) === undefined) await ask();
  const { status, reason } = state();
  const found = token.fit(state(), now(), 0);
  if (found !== undefined) return found;
  if (status === "signed-out") return null;
  throw status === "ended"
    ? new SessionEndedError(reason)
    : new SessionUnavailableError(lastDoubt());
}
