/**
 * A faulty network between two parts: a TCP proxy that drops requests, holds replies back, cuts them
 * off, or delivers requests twice. Knows bytes, and of HTTP only where a request begins; what it
 * stands before, PostgreSQL or a gateway, is the test's choice.
 *
 * @module
 */

import { chunksOf, close, type RelayedConnection, startTcpRelay, writeAll } from "./tcp_relay.ts";

/** A failure of the network. */
export type NetworkFault =
  & {
    /** With the requests that it fits. @default {all} */
    readonly when?: RegExp;
    /** With so many of them. @default {all} */
    readonly times?: number;
  }
  & (
    /** The request does not arrive, and its connection ends. */
    | { readonly kind: "drop" }
    /** The reply is held back for so long. */
    | { readonly kind: "delay"; readonly milliseconds: number }
    /** The reply breaks off after so many bytes: what asked for it was done. */
    | { readonly kind: "truncate"; readonly bytes: number }
    /** The request arrives twice; the reply to the second one goes nowhere. HTTP only. */
    | { readonly kind: "duplicate" }
  );

export interface FaultyProxy extends AsyncDisposable {
  readonly port: number;
  /** `http://127.0.0.1:…` */
  readonly url: string;
  /** How many requests a fault has met so far. */
  readonly met: number;
  /** How many requests like those of the last fault have come since, met by it or not. */
  readonly seen: number;
  /** The failure of the next request and of all after it. Null: none. */
  setFault(fault: NetworkFault | null): void;
}

/** Where a request of HTTP/1.1 begins; a body that comes in a separate piece is no new one. */
const REQUEST_LINE = /^[A-Z]+ \/\S* HTTP\/1\.1\r\n/;

/** @param target the port behind it, asked for at each connection: it may be known only later */
export function startFaultyProxy(target: () => number): FaultyProxy {
  const state: FaultState = { fault: null, met: 0, seen: 0 };
  const drains = new Set<Promise<void>>();
  const relay = startTcpRelay(target, () => spoil(state, { target, drains }));
  return {
    port: relay.port,
    url: `http://127.0.0.1:${relay.port}`,
    get met() {
      return state.met;
    },
    get seen() {
      return state.seen;
    },
    setFault(next) {
      state.fault = next;
      state.seen = 0;
    },
    async [Symbol.asyncDispose]() {
      await relay[Symbol.asyncDispose]();
      await Promise.all(drains);
    },
  };
}

interface FaultState {
  fault: NetworkFault | null;
  met: number;
  seen: number;
}

/** The fault that a request meets. */
function meet(state: FaultState, request: string): NetworkFault | null {
  const { fault } = state;
  if (fault === null || !(fault.when?.test(request) ?? true)) return null;
  state.seen += 1;
  if (state.seen > (fault.times ?? Infinity)) return null;
  state.met += 1;
  return fault;
}

/** One connection: each of its requests meets the fault of the moment in which it begins. */
function spoil(
  state: FaultState,
  { target, drains }: { readonly target: () => number; readonly drains: Set<Promise<void>> },
): RelayedConnection {
  const over = new AbortController();
  let isHttp: boolean | null = null;
  let fault: NetworkFault | null = null;
  let repliedBytes = 0;
  let twin: Deno.TcpConn | null = null;

  const sendToTwin = async (bytes: Uint8Array) => {
    if (twin === null) {
      const opened = await Deno.connect({ hostname: "127.0.0.1", port: target() });
      twin = opened;
      over.signal.addEventListener("abort", () => close(opened));
      if (over.signal.aborted) close(opened);
      const draining = discard(opened);
      drains.add(draining);
      draining.finally(() => drains.delete(draining));
    }
    await writeAll(twin, bytes);
  };

  return {
    async fromClient(bytes) {
      const text = new TextDecoder("latin1").decode(bytes);
      isHttp ??= REQUEST_LINE.test(text);
      if (!isHttp || REQUEST_LINE.test(text)) {
        fault = meet(state, text);
        repliedBytes = 0;
      }
      if (fault?.kind === "drop") return "hang_up";
      if (fault?.kind === "duplicate") await sendToTwin(bytes);
      return bytes;
    },
    async fromServer(bytes) {
      if (fault?.kind === "delay") await pause(fault.milliseconds, over.signal);
      if (fault?.kind !== "truncate") return bytes;
      const left = fault.bytes - repliedBytes;
      repliedBytes += bytes.length;
      return repliedBytes < fault.bytes ? bytes : { last: bytes.subarray(0, Math.max(0, left)) };
    },
    ended: () => over.abort(),
  };
}

/** Reads what nobody waits for, until it ends in whatever way. */
async function discard(connection: Deno.TcpConn): Promise<void> {
  try {
    for await (const _ of chunksOf(connection));
  } catch {
    // It ended with the request that it is the twin of.
  }
}

/** Ends early, without an error, where the connection does. */
function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const stop = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", stop);
      resolve();
    };
    const timer = setTimeout(stop, milliseconds);
    signal.addEventListener("abort", stop);
    if (signal.aborted) stop();
  });
}
