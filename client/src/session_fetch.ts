/**
 * `session.fetch`: a call waits while the session is in doubt, goes out, and goes out once more when
 * its access token turns out to be refused. It must not know why the session is in doubt.
 *
 * @module
 */

import { orAborted } from "./abort.ts";
import type { CallQueue, Gate } from "./queue.ts";
import type { SessionEnvironment } from "./environment.ts";
import type { SessionNumbers, SessionOptions } from "./options.ts";
import type { SessionUser } from "./outcome.ts";
import type { Session, SessionRequestInit } from "./session.ts";
import { isTokenRefused } from "./session_codes.ts";
import type { State } from "./transition.ts";

export interface SessionFetchParts<U extends SessionUser> {
  readonly environment: Pick<SessionEnvironment, "fetch" | "setTimer">;
  readonly numbers: Pick<SessionNumbers, "queueMaxWaitMs">;
  readonly queue: CallQueue;
  readonly gate: () => Gate;
  readonly doubtError: () => Error;
  readonly state: () => State<U>;
  readonly recover: (trigger: "fetch" | "unauthorized") => Promise<void>;
  readonly getAccessToken: (signal: AbortSignal) => Promise<string | null>;
}

export function createSessionFetch<U extends SessionUser>(
  { authorize, isSessionUnauthorized = isTokenRefused }: Pick<
    SessionOptions<U>,
    "authorize" | "isSessionUnauthorized"
  >,
  parts: SessionFetchParts<U>,
): Session<U>["fetch"] {
  const { environment, numbers, queue, gate, doubtError, state, recover, getAccessToken } = parts;

  async function send(request: Request): Promise<Response> {
    if (!authorize) return environment.fetch(request);
    const accessToken = await getAccessToken(request.signal);
    return environment.fetch(await authorize(request, { accessToken }));
  }

  /** Asks because a token was refused, for as long as the call may wait and its caller wants. */
  async function recoverWithin(timeoutMs: number, signal: AbortSignal): Promise<void> {
    const deadline = new AbortController();
    const cancel = environment.setTimer(() => deadline.abort(doubtError()), timeoutMs);
    try {
      await orAborted(orAborted(recover("unauthorized"), signal), deadline.signal);
    } finally {
      cancel();
    }
  }

  return async function fetch(input, { session = {}, ...init }: SessionRequestInit = {}) {
    const { queue: wait = true, replay = true, timeoutMs = numbers.queueMaxWaitMs } = session;
    if (!(timeoutMs > 0 && timeoutMs < 2 ** 31)) {
      throw new RangeError(
        `Cannot send as 'timeoutMs' is out of range: current value is ${timeoutMs}`,
      );
    }
    const request = new Request(input, init);
    const { signal } = request;
    // A stream is read once: to keep a copy would be to hold a whole upload in memory.
    const canReplay = replay && !(init.body instanceof ReadableStream);
    const pass = async (): Promise<void> => {
      if (!wait) return;
      if (gate() !== "open") void recover("fetch");
      await queue.wait({ untilLogin: wait === "until-login", timeoutMs, signal });
    };

    await pass();
    const { grant, user } = state();
    const response = await send(canReplay ? request.clone() : request);
    if (!canReplay || !await isSessionUnauthorized(response)) return response;
    // Somebody may have refreshed while this call was out: then there is nothing to ask for.
    if (state().grant?.serial === grant?.serial) {
      await recoverWithin(timeoutMs, signal);
    }
    const { user: owner } = state();
    if (user && owner && owner.id !== user.id) return response;
    await pass();
    if (state().user?.id !== (user ?? owner)?.id) return response;
    await response.body?.cancel();
    return send(request);
  };
}
