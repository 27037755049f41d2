/**
 * The arena of a server that contestants sign in to: serves the page at every path that is none of its
 * routes, and puts every reply on the wire.
 *
 * @module
 */

import { parse } from "hono/utils/cookie";
import type { Arena, ArenaOptions } from "../contestant.ts";
import { servePage } from "../page.ts";
import { createWire, type RequestKind } from "../wire.ts";
import { createRotatingSessions, type Reuse, type RotatingSessions } from "./rotating_sessions.ts";

/** The kind of the request, and its answer. */
export type Reply = readonly [RequestKind, Response];

type Route = (request: Request, sessions: RotatingSessions) => Reply | Promise<Reply>;

/** A stand-in: a server whose refresh tokens rotate. */
export interface StandIn {
  /** Whether a refresh token that was used already is answered the newest one. */
  readonly allowsReuse: (reuse: Reuse) => boolean;
  /** By path. */
  readonly routes: Readonly<Record<string, Route>>;
}

/** The server of one arena. */
export interface ArenaServer
  extends Pick<Arena, "passTime" | "issuedCredentials" | "newestCredential"> {
  /** Undefined: no route of this server. */
  answer(request: Request): Promise<Reply | undefined>;
}

export function arenaOf(standIn: StandIn): (options: ArenaOptions) => Promise<Arena> {
  return (options) => Promise.resolve(serveArena(options, () => openStandIn(standIn, options)));
}

export function openStandIn(
  { allowsReuse, routes }: StandIn,
  { accessTtlSeconds }: Pick<ArenaOptions, "accessTtlSeconds">,
): ArenaServer {
  const sessions = createRotatingSessions({ accessTtlSeconds, allowsReuse });
  return {
    passTime: (seconds) => Promise.resolve(sessions.passTime(seconds)),
    issuedCredentials: sessions.issuedCredentials,
    newestCredential: sessions.newestCredential,
    answer: async (request) => await routes[new URL(request.url).pathname]?.(request, sessions),
  };
}

export function serveArena(
  { script }: Pick<ArenaOptions, "script">,
  open: (baseUrl: string) => ArenaServer,
): Arena {
  const wire = createWire();
  const impatience = new AbortController();
  const behind: { server?: ArenaServer } = {};
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, signal: impatience.signal, onListen: () => undefined },
    async (request) => {
      const reply = await behind.server?.answer(request);
      if (!reply) return servePage(request, script);
      const [kind, response] = reply;
      return await wire.deliver(kind, request, response);
    },
  );
  const baseUrl = `http://127.0.0.1:${server.addr.port}`;
  const { answer: _, ...books } = behind.server = open(baseUrl);
  return {
    baseUrl,
    wire,
    ...books,
    async [Symbol.asyncDispose]() {
      impatience.abort();
      await server.finished;
    },
  };
}

/** A protected resource that asks for an access token. */
export function things(readToken: (request: Request) => string | undefined): Route {
  return (request, sessions) => [
    "call",
    sessions.accepts(readToken(request))
      ? Response.json([])
      : Response.json({ message: "unauthorised" }, { status: 401 }),
  ];
}

export function readCookie({ headers }: Request, name: string): string | undefined {
  return parse(headers.get("cookie") ?? "", name)[name];
}

export function readBearer({ headers }: Request): string | undefined {
  return headers.get("authorization")?.replace(/^Bearer /, "");
}
