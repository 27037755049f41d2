/**
 * Lets a Realtime channel join again that the server has closed, as it does when a token runs out.
 * realtime-js joins a channel once and never again, so this uses its internals: it checks that they are
 * there, and reports to the app where a later release no longer has them.
 *
 * @module
 */

/** The parts of realtime-js 2.11 and later that are used, as far as they are there. */
interface PhoenixSocket {
  channels: unknown[];
  onOpen(callback: () => void): string;
  onError(callback: () => void): string;
}

interface PhoenixChannel {
  readonly socket: PhoenixSocket;
  readonly stateChangeRefs: string[];
  readonly rejoinTimer: { reset(): void };
  isErrored(): boolean;
  rejoin(): void;
  onClose(callback: (reason: unknown) => void): void;
}

interface RealtimeLike {
  readonly setAuth: unknown;
  readonly channels?: unknown[];
  connect?(): void;
}

/** A channel that has joined. */
export interface JoinedChannel {
  /** Whether it is closed, and not by the app. */
  isClosedByServer(): boolean;
  /** Puts it back where fresh tokens reach it; false where it cannot join again. */
  restore(): boolean;
  /** Joins again; the app's own status callback hears of it. */
  rejoin(): void;
}

/** Begins to watch `channel`. */
export function watchChannel(
  channel: { readonly state: string },
  realtime: RealtimeLike,
): JoinedChannel {
  const phoenix = phoenixOf(channel);
  let isClosed = false;
  // The app's own leaving calls itself so.
  phoenix?.onClose((reason) => isClosed = reason !== "leave");
  return {
    isClosedByServer: () => channel.state === "closed" && (isClosed || !phoenix),
    restore() {
      if (!phoenix || !realtime.channels) return false;
      const { socket, stateChangeRefs, rejoinTimer } = phoenix;
      if (!realtime.channels.includes(channel)) realtime.channels.push(channel);
      if (!socket.channels.includes(phoenix)) {
        socket.channels.push(phoenix);
        stateChangeRefs.push(
          socket.onError(() => rejoinTimer.reset()),
          socket.onOpen(() => {
            rejoinTimer.reset();
            if (phoenix.isErrored()) phoenix.rejoin();
          }),
        );
      }
      return true;
    },
    rejoin() {
      isClosed = false;
      realtime.connect?.();
      phoenix?.rejoin();
    },
  };
}

function phoenixOf(channel: object): PhoenixChannel | null {
  const adapter = (channel as { channelAdapter?: { getChannel?(): unknown } }).channelAdapter;
  const found = adapter?.getChannel?.() as Partial<PhoenixChannel> | undefined;
  const isKnown = typeof found?.rejoin === "function" && typeof found.onClose === "function" &&
    typeof found.isErrored === "function" && Array.isArray(found.stateChangeRefs) &&
    Array.isArray(found.socket?.channels) && typeof found.rejoinTimer?.reset === "function";
  return isKnown ? found as PhoenixChannel : null;
}
