/**
 * `session.fetch`: a call waits while the session is being verified, goes out, and goes out once more when
 * its access token turns out to be refused.
 *
 * @module
 */

import { orAborted, refuseAborted, type SessionEnvironment } from "../environment.ts";
import { SessionEndedError } from "./errors.ts";
import type { IsOwnerThere } from "./owner.ts";
import type { SessionNumbers, SessionOptions } from "./options.ts";
import type { SessionUser } from "../transport/outcome.ts";
import type { CallQueue, Gate } from "./queue.ts";
import type { AuthRequestInit, Session } from "./session.ts";
import type { State } from "../state/transition.ts";
import { isTokenRefused as hasRefusalCode } from "../transport/views.ts";

export interface SessionFetchParts<U extends SessionUser> {
  readonly environment: Pick<SessionEnvironment, "fetch" | "now" | "setTimer">;
  readonly numbers: Pick<SessionNumbers, "queueMaxWaitMs">;
  readonly queue: CallQueue;
  readonly gate: () => Gate;
  readonly unavailableError: () => Error;
  readonly state: () => State<U>;
  readonly owner: () => IsOwnerThere;
  readonly recover: (trigger: "fetch" | "unauthorized") => Promise<void>;
  readonly getAccessToken: (signal: AbortSignal) => Promise<string | null>;
}

export function createSessionFetch<U extends SessionUser>(
  { authorize, isTokenRefused = hasRefusalCode }: Pick<
    SessionOptions<U>,
    "authorize" | "isTokenRefused"
  >,
  parts: SessionFetchParts<U>,
): Session<U>["fetch"] {
  const { environment, numbers, queue, gate, unavailableError, state, owner, recover } = parts;
  const { now } = environment;

  return async function fetch(
    input,
    { as = "user", replay = true, timeoutMs = numbers.queueMaxWaitMs, ...init }: AuthRequestInit =
      {},
  ) {
    if (!(timeoutMs > 0 && timeoutMs < 2 ** 31)) {
      throw new RangeError(
        `Cannot send as 'timeoutMs' is out of range: current value is ${timeoutMs}`,
      );
    }
    const isOwnerThere = owner();
    const request = new Request(input, init);
    const { signal } = request;
    // A stream is read once: to keep a copy would be to hold a whole upload in memory.
    const canReplay = replay && !isStream(init.body);
    let leftMs = timeoutMs;
    /** Waits for `work` out of the time that is left, which goes on only meanwhile. */
    const spend = async <T>(work: (deadline: AbortSignal) => Promise<T>): Promise<T> => {
      refuseAborted(signal);
      const since = now().perf;
      const deadline = new AbortController();
      let late: Error | undefined;
      const cancel = environment.setTimer(() => {
        late = unavailableError();
        deadline.abort(late);
      }, leftMs);
      try {
        return await orAborted(work(deadline.signal), signal);
      } catch (error) {
        // A browser too old to pass the reason of an abort on.
        throw late && !signal.aborted && (error as Error)?.name === "AbortError" ? late : error;
      } finally {
        cancel();
        leftMs = Math.max(0, leftMs + since - now().perf);
      }
    };
    const refuseOthers = (): void => {
      if (as !== "unchecked" && !isOwnerThere()) throw new SessionEndedError("signed-out");
    };
    const pass = async (): Promise<void> => {
      if (as === "unchecked") return;
      refuseOthers();
      const before = gate();
      if (before !== "open") void recover("fetch");
      const untilLogin = as === "user-after-sign-in";
      if (as === "anyone" && before === "closed") return;
      await spend(() =>
        queue.wait({ untilLogin, isForAnyone: as === "anyone", timeoutMs: leftMs, signal })
      );
      // Waiting for a person to sign in is no failure, and may take hours.
      if (before === "closed" || untilLogin && !leftMs) leftMs = timeoutMs;
    };
    const send = async (request: Request): Promise<Response> => {
      const isNobody = as === "anyone" && gate() === "closed";
      const authorized = authorize
        ? await authorize(request, {
          accessToken: isNobody ? null : await spend(parts.getAccessToken),
        })
        : request;
      refuseOthers();
      return environment.fetch(authorized);
    };

    /** A body that stalls half-way says nothing. */
    const isRefused = (response: Response): Promise<boolean> =>
      new Promise((resolve, reject) => {
        const cancel = environment.setTimer(() => resolve(false), timeoutMs);
        const judged = (async () => await isTokenRefused(response))();
        judged.then(resolve, reject).finally(cancel);
      });

    await pass();
    const { grant } = state();
    const response = await send(canReplay ? request.clone() : request);
    if (!isOwnerThere() && state().user) {
      await response.body?.cancel();
      throw new SessionEndedError("signed-out");
    }
    if (!canReplay || !await isRefused(response)) return response;
    // Somebody may have refreshed while this call was out: then there is nothing to ask for.
    if (state().grant?.serial === grant?.serial) {
      await spend((deadline) => orAborted(recover("unauthorized"), deadline));
    }
    if (!isOwnerThere()) return response;
    await pass();
    await response.body?.cancel();
    return send(request);
  };
}

/** React Native has no streams to send. */
function isStream(body: unknown): boolean {
  return typeof ReadableStream !== "undefined" && body instanceof ReadableStream;
}
