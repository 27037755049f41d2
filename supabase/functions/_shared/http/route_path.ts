/**
 * Which route a URL means, whatever stands in front of the function: the platform's gateway strips
 * `/functions/v1`, another gateway does not, and a rewriting proxy may hand its own path on.
 *
 * @module
 */

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
  const path = pathname.replace(/\/+$/, "");
  const marker = `/${functionName}`;
  const at = `${path}/`.indexOf(`${marker}/`);
  if (at !== -1) return path.slice(at + marker.length) || "/";
  return knownTail.exec(path)?.[0] ?? (path || "/");
}

/** Matches any of the routes at the end of a path; `:id` stands for one segment. */
export function tailOf(routes: Readonly<Record<string, unknown>>): RegExp {
  const paths = Object.keys(routes).map((path) =>
    path.replace(/[.]/g, "\\$&").replace(/:\w+/g, "[^/]+")
  );
  return new RegExp(`(?:${paths.join("|")})$`);
}
