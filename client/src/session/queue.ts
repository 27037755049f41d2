/**
 * Calls that wait for the session, in the order in which they came. Each has its own deadline, so that
 * no failure of another part can hold it forever.
 *
 * @module
 */

import { reasonOf, refuseAborted, type SessionEnvironment } from "../environment.ts";
import { SessionBusyError } from "./errors.ts";

/**
 * The state of the gate for a waiting call: `open` (go), `brief` (a refresh is under way, but what there is still
 * works), `held` (nothing works until the server answers), `closed` (the session has ended).
 */
export type Gate = "open" | "brief" | "held" | "closed";

export interface Ticket {
  /** Waits through `closed` too, until somebody signs in. */
  readonly untilLogin: boolean;
  /** Goes out also where nobody is signed in. */
  readonly isForAnyone: boolean;
  readonly timeoutMs: number;
  /** The caller's own: takes the call out of the queue at once. */
  readonly signal: AbortSignal;
}

export interface CallQueue {
  /** Resolves when the call may go; rejects at its deadline, when aborted, or when the session ends. */
  wait(ticket: Ticket): Promise<void>;
  /** Lets go, or turns away, whatever the gate now allows to. */
  settle(): void;
  /** Turns everything away. */
  empty(error: Error): void;
}

/** How long a call that would still work waits for a slow refresh. */
const BRIEF_MS = 1_000;

interface Entry extends Pick<Ticket, "untilLogin" | "isForAnyone"> {
  readonly leave: (error?: unknown) => void;
}

export function createCallQueue(
  { setTimer }: Pick<SessionEnvironment, "setTimer">,
  { queueMax, gate, endedError, unavailableError, onChange }: {
    readonly queueMax: number;
    readonly gate: () => Gate;
    readonly endedError: () => Error;
    readonly unavailableError: () => Error;
    readonly onChange: (change: { size: number; flushed: number; rejected: number }) => void;
  },
): CallQueue {
  const entries = new Set<Entry>();

  /** The error that turns `ticket` away now, undefined when it may go, null when it waits on. */
  function decide(
    { untilLogin, isForAnyone }: Pick<Ticket, "untilLogin" | "isForAnyone">,
  ): Error | undefined | null {
    const now = gate();
    if (now === "open" || now === "closed" && isForAnyone) return undefined;
    return now === "closed" && !untilLogin ? endedError() : null;
  }

  function sweep(judge: (entry: Entry) => unknown): void {
    let [flushed, rejected] = [0, 0];
    for (const entry of [...entries]) {
      const error = judge(entry);
      if (error === null) continue;
      if (error) rejected++;
      else flushed++;
      entry.leave(error);
    }
    if (flushed || rejected) onChange({ size: entries.size, flushed, rejected });
  }

  return {
    async wait(ticket) {
      const { signal, timeoutMs } = ticket;
      refuseAborted(signal);
      const error = decide(ticket);
      if (error) throw error;
      if (error === undefined) return;
      if (entries.size >= queueMax) throw new SessionBusyError(queueMax);
      await new Promise<void>((resolve, reject) => {
        let cancelTimer: () => void;
        const onAbort = (): void => entry.leave(reasonOf(signal));
        const entry: Entry = {
          untilLogin: ticket.untilLogin,
          isForAnyone: ticket.isForAnyone,
          leave(error) {
            entries.delete(entry);
            cancelTimer();
            signal.removeEventListener("abort", onAbort);
            if (error) reject(error);
            else resolve();
          },
        };
        const waitOn = (leftMs: number): void => {
          const waitMs = gate() === "brief" ? Math.min(BRIEF_MS, leftMs) : leftMs;
          cancelTimer = setTimer(() => {
            const now = gate();
            if (now === "brief") entry.leave();
            else if (leftMs > waitMs) waitOn(leftMs - waitMs);
            else if (now !== "closed") entry.leave(unavailableError());
          }, waitMs);
        };
        waitOn(timeoutMs);
        signal.addEventListener("abort", onAbort);
        entries.add(entry);
        onChange({ size: entries.size, flushed: 0, rejected: 0 });
      });
    },
    settle: () => sweep(decide),
    empty: (error) => sweep(() => error),
  };
}
