/**
 * Common to every answer of both functions: its id, its headers, CORS, the refusal of
 * cross-site requests, the size limits, the rendering of errors, and the log line.
 *
 * @module
 */

import { type Context, Hono } from "hono";
import type { ProofChallenge } from "../brands.ts";
import { type ErrorCode, ERRORS } from "../errors.ts";
import type { LogFields, Logger } from "../log.ts";
import { corsHeaders, judgeOrigin, preflightHeaders } from "./origins.ts";
import { ServiceUnavailableError } from "../service_unavailable.ts";
import type { RequestContext } from "../store/session_store.ts";
import { limitBody } from "./request_body.ts";
import { readRequestContext } from "./request_context.ts";
import { RequestError } from "./request_error.ts";
import { routePath } from "./route_path.ts";
import { renderError } from "./views.ts";

/** Browsers stop at far less: a longer header is no browser's. */
const MAX_COOKIE_HEADER_LENGTH = 32 * 1024;

/** How soon a caller may ask again when something did not answer. */
const RETRY_AFTER_SECONDS = 2;

export type AppEnvironment = {
  Variables: {
    /** Who asks, for the store. */
    requestContext: RequestContext;
    /** Fields of the log line beyond the status: outcome, session, user. */
    facts: LogFields;
  };
};

export type App = Hono<AppEnvironment>;

/** A request of ours on its way. */
export type RequestOf = Context<AppEnvironment>;

export interface EnvelopeOptions {
  readonly functionName: string;
  /** Matches a known route at the end of a path that does not hold the function's name. */
  readonly knownTail: RegExp;
  /** Whether this path takes a token of Supabase Auth, which may be larger than any other body. */
  readonly takesExchange: (path: string) => boolean;
  /** Whether an error on this path says `valid: false`. */
  readonly saysInvalid: (path: string) => boolean;
  readonly allowedOrigins: readonly string[];
  readonly clientIpHeader: string;
  readonly log: Logger;
  readonly nowMs: () => number;
  readonly newRequestId: () => string;
}

/** An app without routes: each that is added answers within the envelope. */
export function createEnvelope(options: EnvelopeOptions): App {
  const { allowedOrigins, log } = options;
  const app: App = new Hono<AppEnvironment>({
    getPath: (request) => routePath(request.url, options),
  });

  app.use(async function envelop(context, next) {
    const startedAtMs = options.nowMs();
    const { headers, method } = context.req.raw;
    const requestId = options.newRequestId();
    const { clientIpHeader } = options;
    context.set("requestContext", readRequestContext(headers, { requestId, clientIpHeader }));
    context.set("facts", {});

    await next();

    const elapsedMs = options.nowMs() - startedAtMs;
    const origin = headers.get("origin");
    const common = method === "OPTIONS"
      ? preflightHeaders(origin, allowedOrigins)
      : corsHeaders(origin, allowedOrigins);
    for (const [name, value] of Object.entries(common)) context.res.headers.set(name, value);
    context.res.headers.set("X-Request-Id", requestId);
    context.res.headers.set("X-Content-Type-Options", "nosniff");
    if (!context.res.headers.has("Cache-Control")) {
      context.res.headers.set("Cache-Control", "no-store");
    }
    context.res.headers.set("Server-Timing", `total;dur=${elapsedMs.toFixed(1)}`);
    log.info("request", {
      request_id: requestId,
      function: options.functionName,
      method,
      path: context.req.path.slice(0, 100),
      status: context.res.status,
      ...context.get("facts"),
      elapsed_ms: Math.round(elapsedMs * 10) / 10,
    });
  });

  const limit = limitBody(options);
  app.use(async function admit(context, next) {
    const { headers, method, url } = context.req.raw;
    if (method === "OPTIONS") return context.body(null, 204);
    const result = judgeOrigin({
      method,
      origin: headers.get("origin"),
      secFetchSite: headers.get("sec-fetch-site"),
      requestUrl: url,
      forwardedHost: headers.get("x-forwarded-host"),
      allowedOrigins,
    });
    if (result === "cross_site") throw new RequestError("cross_site_request");
    if ((headers.get("cookie")?.length ?? 0) > MAX_COOKIE_HEADER_LENGTH) {
      throw new RequestError("headers_too_large");
    }
    return await limit(context, next);
  });

  app.notFound(() => {
    throw new RequestError("not_found");
  });

  app.onError(function renderFailure(error, context) {
    const { requestId } = context.get("requestContext");
    const failure = classify(error);
    if (failure.logged !== null) {
      log.error(failure.logged.message, { request_id: requestId, ...failure.logged.fields });
    }
    context.set("facts", { ...context.get("facts"), code: failure.code });
    const saysInvalid = options.saysInvalid(context.req.path);
    const { code, detail, challenge } = failure;
    const isStale = error instanceof RequestError && error.isStale;
    const body = renderError(code, { detail, challenge, isStale, requestId, saysInvalid });
    const { status } = ERRORS[code];
    return context.json(body, status, {
      ...failure.headers,
      ...(status === 401 ? { "WWW-Authenticate": schemeFor(code) } : {}),
      ...(challenge === null ? {} : { "DPoP-Nonce": challenge }),
    });
  });

  return app;
}

/** RFC 6750, 3: a caller that presented no token gets no `error="invalid_token"`. */
const WITHOUT_TOKEN: readonly ErrorCode[] = [
  "access_token_missing",
  "refresh_token_missing",
  "invalid_credentials",
];

/** RFC 9449, 7.1 and 9: which proof is wanted; for all else RFC 6750. */
function schemeFor(code: ErrorCode): string {
  if (code === "proof_required") return 'DPoP error="use_dpop_nonce", algs="ES256"';
  if (code === "proof_key_unknown") return 'DPoP error="invalid_dpop_proof", algs="ES256"';
  const realm = 'Bearer realm="unified-auth"';
  return WITHOUT_TOKEN.includes(code) ? realm : `${realm}, error="invalid_token"`;
}

interface ClassifiedFailure {
  readonly code: ErrorCode;
  readonly detail: string | null;
  readonly challenge: ProofChallenge | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly logged: { readonly message: string; readonly fields: LogFields } | null;
}

function classify(error: Error): ClassifiedFailure {
  if (error instanceof RequestError) {
    const { code, detail, challenge, headers } = error;
    return { code, detail, challenge, headers, logged: null };
  }
  if (error instanceof ServiceUnavailableError) {
    return {
      code: "service_unavailable",
      detail: null,
      challenge: null,
      headers: { "Retry-After": String(RETRY_AFTER_SECONDS) },
      logged: {
        message: "dependency is unavailable",
        fields: { dependency: error.dependency, cause: error.code },
      },
    };
  }
  return {
    code: "unexpected_failure",
    detail: null,
    challenge: null,
    headers: {},
    logged: {
      message: "unexpected failure",
      fields: { error: error.name, error_message: error.message },
    },
  };
}

/** Answers every other method of the given paths with 405 and the methods that they have. */
export function refuseOtherMethods(app: App, methods: Readonly<Record<string, string>>): void {
  for (const [path, allow] of Object.entries(methods)) {
    app.all(path, () => {
      throw new RequestError("method_not_allowed", { headers: { "Allow": allow } });
    });
  }
}

/** Each cookie is its own header: some proxies fold two into one, and the browser then keeps one. */
export function addCookies(context: RequestOf, values: readonly string[]): void {
  for (const value of values) context.header("Set-Cookie", value, { append: true });
}

/** The fields of the log line beyond the status. */
export function addLogFields(context: RequestOf, fields: LogFields): void {
  context.set("facts", { ...context.get("facts"), ...fields });
}
