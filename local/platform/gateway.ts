/**
 * One address for everything, as a project has: the functions, both emulators, and whatever else is
 * mounted. Knows paths and headers, nothing of what is behind them.
 *
 * @module
 */

/** Answers requests that came from `remoteAddress`. */
export interface Answering {
  fetch(request: Request, remoteAddress: string): Response | Promise<Response>;
}

/** Whatever else is served at the address. */
export interface Site extends Answering {
  /** May change or drop a function's reply on its way to the caller. @default {it arrives} */
  deliver?(request: Request, reply: Response): Response | Promise<Response>;
}

/** The services behind the gateway. */
export interface GatewayOptions {
  readonly rest: Answering;
  readonly auth: Answering;
  /** Where the instances of a function listen now; none for an unknown function. */
  readonly instancesOf: (name: string) => readonly string[];
  /** Answers every other path. @default {404 as JSON} */
  readonly site?: Site;
  /**
   * Whether a `cf-connecting-ip` that the caller sent is kept. The platform's edge overwrites it; a
   * test that plays many clients needs it. @default {false}
   */
  readonly keepClientAddress?: boolean;
}

/** Answers a request that came from `remoteAddress`. Never rejects. */
export type Gateway = (request: Request, remoteAddress: string) => Promise<Response>;

export function createGateway(options: GatewayOptions): Gateway {
  const { rest, auth, instancesOf, site, keepClientAddress = false } = options;
  const forward = createForwarder({ instancesOf, keepClientAddress });

  return async function route(request, remoteAddress) {
    const { pathname } = new URL(request.url);
    if (pathname.startsWith("/functions/v1/")) {
      const reply = await forward(request, remoteAddress);
      return await site?.deliver?.(request, reply) ?? reply;
    }
    const emulator = pathname.startsWith("/rest/v1/")
      ? rest
      : pathname.startsWith("/auth/v1/")
      ? auth
      : undefined;
    if (!emulator) {
      return await site?.fetch(request, remoteAddress) ??
        notFound("no Route matched with those values");
    }
    if (request.method === "OPTIONS") return preflight(request);
    const response = await emulator.fetch(request, remoteAddress);
    return request.headers.has("origin") ? withOpenCors(response) : response;
  };
}

/** Headers that a proxy must not hand on (RFC 9110 section 7.6.1), and those that `fetch` sets itself. */
const HOP_BY_HOP = ["connection", "keep-alive", "transfer-encoding", "upgrade", "host", "te"];

/** `fetch` sends none of these (Fetch standard, forbidden methods). */
const NOT_FORWARDED: ReadonlySet<string> = new Set(["TRACE", "TRACK", "CONNECT"]);

/**
 * Streams to the instances of a function in turn, without the prefix that the platform strips too.
 * `fetch` keeps several `Set-Cookie` apart as long as its headers are handed on as they are.
 */
function createForwarder(
  { instancesOf, keepClientAddress }: Required<
    Pick<GatewayOptions, "instancesOf" | "keepClientAddress">
  >,
): Gateway {
  let turn = 0;
  return async function forward(request, remoteAddress) {
    const url = new URL(request.url);
    const path = url.pathname.slice("/functions/v1".length);
    const name = path.split("/")[1] ?? "";
    const instances = instancesOf(name);
    const instance = instances[turn++ % instances.length];
    if (!instance) return failure(404, "NOT_FOUND", "Requested function was not found");

    if (NOT_FORWARDED.has(request.method)) {
      const refusal = failure(405, "METHOD_NOT_ALLOWED", "This method is not forwarded");
      refusal.headers.set("allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
      return refusal;
    }

    const headers = new Headers(request.headers);
    for (const header of HOP_BY_HOP) headers.delete(header);
    headers.set("x-forwarded-host", url.host);
    headers.set("x-forwarded-proto", url.protocol.slice(0, -1));
    headers.set("x-forwarded-port", url.port);
    const before = headers.get("x-forwarded-for");
    headers.set("x-forwarded-for", before ? `${before}, ${remoteAddress}` : remoteAddress);
    if (!keepClientAddress || !headers.has("cf-connecting-ip")) {
      headers.set("cf-connecting-ip", remoteAddress);
    }
    try {
      return await fetch(`${instance}${path}${url.search}`, {
        method: request.method,
        headers,
        body: request.body,
        redirect: "manual",
      });
    } catch {
      return failure(503, "BOOT_ERROR", "Function failed to start (please check logs)");
    }
  };
}

/** The emulators take no cookies, so any site may call them with a key, as at a project's gateway. */
function preflight(request: Request): Response {
  return new Response(null, {
    status: 200,
    headers: {
      "access-control-allow-origin": "*",
      "access-control-allow-methods": "GET,HEAD,PUT,PATCH,POST,DELETE,OPTIONS",
      "access-control-allow-headers": request.headers.get("access-control-request-headers") ?? "*",
      "access-control-max-age": "3600",
    },
  });
}

function withOpenCors(response: Response): Response {
  const open = new Response(response.body, response);
  open.headers.set("access-control-allow-origin", "*");
  open.headers.set("access-control-expose-headers", "content-range, x-supabase-api-version");
  return open;
}

function notFound(message: string): Response {
  return Response.json({ message }, { status: 404 });
}

function failure(status: number, code: string, message: string): Response {
  return Response.json({ code, message }, { status, headers: { "sb-error-code": code } });
}
