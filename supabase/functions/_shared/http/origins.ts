/**
 * Which web pages may use the API: the judgement that stops cross-site requests, and the CORS headers
 * for the pages that are welcome. Pure; knows no routes.
 *
 * @module
 */

/** The parts of a request that identify its origin. Header values as received, null when absent. */
export interface RequestSource {
  readonly method: string;
  readonly origin: string | null;
  readonly secFetchSite: string | null;
  /** The URL as this server sees it. Behind a proxy that ends TLS it says `http:`. */
  readonly requestUrl: string;
  /** `X-Forwarded-Host`: the host that the browser asked, when a proxy in front changed it. */
  readonly forwardedHost?: string | null;
  /** In the form that {@linkcode canonicalOrigin} gives. */
  readonly allowedOrigins: readonly string[];
}

export type OriginResult = "allowed" | "cross_site";

/** The headers that supabase-js may send, with a region or with trace propagation too; then our client's. */
const ALLOWED_HEADERS = [
  "content-type",
  "authorization",
  "apikey",
  "x-client-info",
  "x-region",
  "x-supabase-api-version",
  "traceparent",
  "tracestate",
  "baggage",
  "idempotency-key",
  "dpop",
];

const SAFE_METHODS = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * Answers `cross_site` for an unsafe request that a page of another site made a browser send.
 *
 * An origin is compared as it was sent, byte for byte: a browser writes each in one form only, and
 * `null` (a sandboxed frame, a redirect across sites) is nobody's.
 */
export function judgeOrigin(source: RequestSource): OriginResult {
  const { method, origin, secFetchSite, allowedOrigins } = source;
  if (SAFE_METHODS.has(method)) return "allowed";
  if (origin !== null && allowedOrigins.includes(origin)) return "allowed";
  // The browser's own word, which no page can set. `same-site` is not enough: a sibling subdomain may
  // be anybody's. And where it is given, it decides: our host under `http:` is another site to it.
  if (secFetchSite !== null) {
    return secFetchSite === "same-origin" || secFetchSite === "none" ? "allowed" : "cross_site";
  }
  if (origin === null) return "allowed"; // not a browser: it has no cookies but its own
  return readOwnOrigins(source).includes(origin) ? "allowed" : "cross_site";
}

/**
 * Writes the form in which a browser sends this origin: lower case, no default port, no slash. Null if
 * the text is more than a scheme and a host, or less, or holds a wildcard.
 */
export function canonicalOrigin(text: string): string | null {
  if (text.includes("*") || !URL.canParse(text)) return null;
  const { protocol, host, username, password, pathname, search, hash } = new URL(text);
  const isBare = username + password + search + hash === "" && ["", "/"].includes(pathname);
  return host !== "" && isBare ? `${protocol}//${host}` : null;
}

/** CORS headers of an answer. `Vary` is always among them, so that no cache mixes up two pages. */
export function corsHeaders(
  origin: string | null,
  allowedOrigins: readonly string[],
): Readonly<Record<string, string>> {
  if (origin === null || !allowedOrigins.includes(origin)) return { "Vary": "Origin" };
  return {
    "Vary": "Origin",
    "Access-Control-Allow-Origin": origin,
    "Access-Control-Allow-Credentials": "true",
    "Access-Control-Expose-Headers":
      "X-Request-Id, Retry-After, Server-Timing, DPoP-Nonce, WWW-Authenticate",
  };
}

/** Headers of the answer (204) to a preflight. An origin that is not on the list gets no CORS headers. */
export function preflightHeaders(
  origin: string | null,
  allowedOrigins: readonly string[],
): Readonly<Record<string, string>> {
  const headers = corsHeaders(origin, allowedOrigins);
  if (!("Access-Control-Allow-Origin" in headers)) return headers;
  return {
    ...headers,
    "Access-Control-Allow-Methods": "GET, POST, PUT, DELETE",
    "Access-Control-Allow-Headers": ALLOWED_HEADERS.join(", "),
    "Access-Control-Max-Age": "7200", // seconds; Chrome keeps it no longer
  };
}

/**
 * Our own origin, as far as we can know. `https` of our host always counts, as the proxy that ends TLS
 * speaks `http` to us; `http` counts only where the request came by it. `X-Forwarded-Host` may be believed
 * here: a page cannot send it across origins without a preflight, and ours does not allow it.
 */
function readOwnOrigins({ requestUrl, forwardedHost }: RequestSource): readonly string[] {
  const { protocol, host } = new URL(requestUrl);
  const [forwarded = ""] = forwardedHost?.split(",") ?? [];
  return [`https://${host}`, `${protocol}//${host}`, canonicalOrigin(`https://${forwarded.trim()}`)]
    .filter((own) => own !== null);
}
