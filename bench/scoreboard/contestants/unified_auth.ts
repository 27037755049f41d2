/**
 * This repository: its client against its own functions, in their processes on a real PostgreSQL.
 *
 * @module
 */

import { ageEverySession } from "../../../local/testing/aging.ts";
import { ACCESS_COOKIE, REFRESH_COOKIE } from "../../../tests/behaviour/http/browser.ts";
import type { Arena, ArenaOptions, Contestant } from "../contestant.ts";
import { servePage } from "../page.ts";
import { createWire, type RequestKind } from "../wire.ts";

export const unifiedAuth: Contestant = {
  id: "unified-auth",
  name: "Unified Auth",
  packages: [],
  configuration:
    "`createAuthClient({ baseUrl })` with every option at its default, the server's settings too: " +
    "tokens are in httpOnly cookies, so reading one with `getAccessToken` answers that there is none " +
    "to see, in the time that finding a valid one takes. The user interface subscribes to the " +
    "snapshot and to the session's events; every notification is counted.",
  backend: "The functions of this repository on PostgreSQL, as `deno task start` runs them.",
  remarks:
    "After more than a minute away it asks the server on a return whether the session still " +
    "stands; the snapshot's `activity` shows that, and no other event reports it.",
  page: new URL("./unified_auth_page.ts", import.meta.url),
  imports: 'export { createAuthClient } from "../../client/src/index.ts";',
  credential: { cookie: REFRESH_COOKIE },
  accessCookies: [ACCESS_COOKIE],
  absent: {},
  openArena: (options) => openArena(options),
};

/** WebKitGTK keeps no `Secure` cookie of plain-http loopback, so there the cookies have no prefix. */
export const unifiedAuthWithoutPrefix: Contestant = {
  ...unifiedAuth,
  credential: { cookie: bare(REFRESH_COOKIE) },
  accessCookies: [bare(ACCESS_COOKIE)],
  openArena: (options) => openArena(options, { SESSION_COOKIE_PREFIX: "" }),
};

function bare(cookie: string): string {
  return cookie.replace("__Host-", "");
}

async function openArena(
  { server, script, accessTtlSeconds }: ArenaOptions,
  environment: Readonly<Record<string, string>> = {},
): Promise<Arena> {
  const wire = createWire();
  const issued: string[] = [];
  const stack = await server.startStack({
    functions: ["unified-auth"],
    environment: {
      ...environment,
      SESSION_ACCESS_TTL_SECONDS: String(accessTtlSeconds),
      // The window must be shorter than an access token's life.
      ...(accessTtlSeconds <= 60 ? { SESSION_WINDOW_SECONDS: "1" } : {}),
    },
    site: () => ({
      fetch: (request) => servePage(request, script),
      deliver(request, reply) {
        const token = refreshTokenIn(reply);
        if (token && token !== issued.at(-1)) issued.push(token);
        return wire.deliver(kindOf(request), request, reply);
      },
    }),
  });
  const sql = stack.database.connect({ max: 1 });
  return {
    baseUrl: stack.baseUrl,
    wire,
    passTime: (seconds) => ageEverySession(sql, seconds),
    issuedCredentials: () => issued.length,
    newestCredential: () => issued.at(-1),
    [Symbol.asyncDispose]: () => stack.stop(),
  };
}

/** A validation is counted too: it refreshes where that is due. */
function kindOf({ url }: Request): RequestKind {
  const route = new URL(url).pathname.split("/").at(-1);
  if (route === "refresh" || route === "validate") return "renewal";
  return route === "sessions" ? "call" : "other";
}

const REFRESH_PAIR = `${bare(REFRESH_COOKIE)}=`;

function refreshTokenIn({ headers }: Response): string | undefined {
  const cookie = headers.getSetCookie().find((line) => bare(line).startsWith(REFRESH_PAIR));
  return cookie && bare(cookie).slice(REFRESH_PAIR.length).split(";")[0] || undefined;
}
