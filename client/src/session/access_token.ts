/**
 * The access token in memory, where the server gives it to the page at all: never stored, never sent
 * to another tab. Also what an app does with each fresh one before its calls go on.
 *
 * @module
 */

import {
  elapsedMs,
  type Instant,
  orAborted,
  refuseAborted,
  type SessionEnvironment,
} from "../environment.ts";
import { SessionEndedError, SessionUnavailableError } from "./errors.ts";
import type { Busy, SessionUser, Unavailable, Valid } from "../transport/outcome.ts";
import type { IsOwnerThere } from "./owner.ts";
import type { AccessTokenOptions, RefreshedDetail } from "./session.ts";
import type { State } from "../state/transition.ts";

export interface HeldAccessToken {
  /** Keeps what an answer brought; `asked` is when the request was sent. */
  keep(valid: Valid<SessionUser>, asked: Instant): void;
  /**
   * The token of the generation in `state`, if it lives for more than `minTtlMs`. Null when the
   * server exposes none, undefined when it must be requested.
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
  { state, now, isOwnerThere, recover, lastFailure }: {
    readonly state: () => State<U>;
    readonly isOwnerThere: IsOwnerThere;
    readonly now: () => Instant;
    readonly recover: (minTtlMs: number) => Promise<void>;
    readonly lastFailure: () => Busy | Unavailable | null;
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
  // Another tab asked in this one's place: its answer is ours too, but its token is not.
  const isVerified = state().status === "active" && state().failures === 0;
  if (isVerified && token.fit(state(), now(), 0) === undefined) await ask();
  if (!isOwnerThere()) throw new SessionEndedError("signed-out");
  const { status, reason } = state();
  const found = token.fit(state(), now(), 0);
  if (found !== undefined) return found;
  if (status === "signed-out") return null;
  throw status === "ended"
    ? new SessionEndedError(reason)
    : new SessionUnavailableError(lastFailure());
}

type Hook = (detail: RefreshedDetail) => void | Promise<void>;

export interface RefreshedHooks {
  add(hook: Hook): () => void;
  /** Runs all hooks at once. Resolves when each is done or out of time; never rejects. */
  run(detail: RefreshedDetail): Promise<void>;
  isRunning(): boolean;
}

export function createRefreshedHooks(
  { setTimer, reportError }: Pick<SessionEnvironment, "setTimer" | "reportError">,
  hookTimeoutMs: number,
): RefreshedHooks {
  const hooks = new Set<{ readonly hook: Hook }>();
  let running = 0;
  return {
    isRunning: () => running > 0,
    add(hook) {
      const entry = { hook };
      hooks.add(entry);
      return () => void hooks.delete(entry);
    },
    async run(detail) {
      if (!hooks.size) return;
      running++;
      let cancel: (() => void) | undefined;
      const deadline = new Promise<void>((resolve) => cancel = setTimer(resolve, hookTimeoutMs));
      const called = [...hooks].map(async ({ hook }) => {
        try {
          await hook(detail);
        } catch (error) {
          reportError(error);
        }
      });
      await Promise.race([Promise.all(called), deadline]);
      cancel?.();
      running--;
    },
  };
}
