/**
 * Which route a URL means, whatever stands in front of the function: the platform's gateway strips
 * `/functions/v1`, another gateway does not, and a rewriting proxy may hand its own path on.
 *
 * @module
 */

import type { RequestOf } from "./envelope.ts";
import { RequestError } from "./request_error.ts";

/**
 * The path behind the function's name, without a trailing slash: `/login`, or `/` for nothing. Where
 * the name does not occur, what the path ends with, if that is a known route, else the path itself.
 */
export function routePath(
  url: string,
  { functionName, knownTail }: {
    readonly functionName: string;
    /** Matches a known route at the end of a path. */
    readonly knownTail: RegExp;
  },
): string {
  const { pathname } = new URL(url);
  // Tried once for each row of slashes: tried at each slash, 60 kB of them would take five seconds.
  const path = pathname.replace(/(?<!\/)\/+$/, "");
  const marker = `/${functionName}`;
  const at = `${path}/`.indexOf(`${marker}/`);
  if (at !== -1) return path.slice(at + marker.length) || "/";
  return knownTail.exec(path)?.[0] ?? (path || "/");
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The UUID at `:id` of the route, in its canonical form. @throws {RequestError} `not_found` for anything else */
export function requireId(context: RequestOf): string {
  const id = (context.req.param("id") ?? "").toLowerCase();
  if (!UUID.test(id)) throw new RequestError("not_found");
  return id;
}

/** Matches any of the routes at the end of a path; `:id` stands for one segment. */
export function tailOf(routes: Readonly<Record<string, unknown>>): RegExp {
  const paths = Object.keys(routes).map((path) =>
    path.replace(/[.]/g, "\\$&").replace(/:\w+/g, "[^/]+")
  );
  return new RegExp(`(?:${paths.join("|")})$`);
}
