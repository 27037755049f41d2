/**
 * An arena of a stand-in: serves the page at every path that is no route of the server behind it, and
 * puts every reply on the wire.
 *
 * @module
 */

import type { Arena } from "../contestant.ts";
import { servePage } from "../page.ts";
import { createWire, type RequestKind } from "../wire.ts";
import type { RotatingSessions } from "./rotating_sessions.ts";

/** The sessions of the server behind an arena. */
export type SessionBooks = Pick<Arena, "passTime" | "issuedCredentials" | "newestCredential">;

/** A server behind an arena. */
export interface StandIn {
  readonly books: SessionBooks;
  /** Undefined: no route of this server. */
  answer(request: Request): Promise<Response | undefined>;
  /** Asked once the request has been answered. */
  kindOf(request: Request): RequestKind;
}

export function serveArena(
  script: Uint8Array<ArrayBuffer>,
  setUp: (baseUrl: string) => StandIn,
): Arena {
  const wire = createWire();
  const behind: { standIn?: StandIn } = {};
  const impatience = new AbortController();
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, signal: impatience.signal, onListen: () => undefined },
    async (request) => {
      const reply = await behind.standIn?.answer(request);
      if (!reply) return servePage(request, script);
      return await wire.deliver(behind.standIn?.kindOf(request) ?? "other", request, reply);
    },
  );
  const baseUrl = `http://127.0.0.1:${server.addr.port}`;
  const standIn = behind.standIn = setUp(baseUrl);
  return {
    baseUrl,
    wire,
    ...standIn.books,
    async [Symbol.asyncDispose]() {
      impatience.abort();
      await server.finished;
    },
  };
}

export function booksOf(sessions: RotatingSessions): SessionBooks {
  return {
    passTime: (seconds) => Promise.resolve(sessions.passTime(seconds)),
    issuedCredentials: sessions.issuedCredentials,
    newestCredential: sessions.newestCredential,
  };
}
