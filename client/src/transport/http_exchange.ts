/**
 * One request to the functions and its answer, or why there is none. An error that no network can cause is thrown,
 * so that a fault of the set-up never looks like a bad line.
 *
 * @module
 */

import { ownAddress, type SessionEnvironment } from "../environment.ts";
import type { Proof } from "../key/prover.ts";
import type { Busy, Unavailable } from "./outcome.ts";
import { isNetworkError } from "./network_error.ts";
import { type Json, readJson } from "./views.ts";

export interface Answer {
  readonly response: Response;
  readonly body: Json | null;
}

export interface ExchangeRequest {
  readonly method?: "POST" | "GET" | "PUT" | "DELETE";
  readonly signal?: AbortSignal | undefined;
  readonly body?: Json | undefined;
  readonly proof?: Proof;
  /** The answer may bring a rotation, which would be lost with the page. */
  readonly outlivesPage?: boolean;
}

export interface Exchange {
  /** Where `path` is. @throws {TypeError} If `baseUrl` is a path and there is no page to resolve it. */
  url(path: string): string;
  /** Resolves with `interpret`'s reading of the answer, or with the reason why there is none. */
  send<T extends { readonly kind: string }>(
    path: string,
    request: ExchangeRequest,
    interpret: (answer: Answer) => T | undefined,
  ): Promise<T | Busy | Unavailable>;
}

/** Chromium needs a turn of its event loop; Firefox and WebKit took 2 to 20 ms, and over 100 on a busy machine. */
const PAGEHIDE_AFTER_MS = 500;

/** @throws {TypeError} If `baseUrl` is missing or no HTTP URL. */
export function createExchange(
  baseUrl: string | URL,
  { fetch, window, document, setTimer, reportError }: Pick<
    SessionEnvironment,
    "fetch" | "window" | "document" | "setTimer" | "reportError"
  >,
): Exchange {
  // A server that renders the page makes a client too, and has nothing to resolve a path against.
  const isLater = !globalThis.location && `${baseUrl}`.startsWith("/");
  let base = isLater ? null : baseOf(baseUrl);
  const url = (path: string): string => (base ??= baseOf(baseUrl)) + path;

  async function request(
    path: string,
    { method = "POST", signal, body, proof, outlivesPage = false }: ExchangeRequest,
  ): Promise<Response> {
    const init: RequestInit = {
      method,
      credentials: "include",
      // A redirect to another host is not our server's answer.
      redirect: "manual",
      ...(signal && { signal }),
      ...(body && {
        headers: {
          "content-type": "application/json",
          ...(proof?.kind === "signed" && { dpop: proof.jwt }),
        },
        body: JSON.stringify(body),
      }),
      // In pages only: runtimes of servers refuse it, and have no cache. Of a POST no browser keeps an answer,
      // and with it Chromium would ask for permission (CORS) before each one.
      ...(document && method === "GET" && { cache: "no-store" }),
    };
    const send = (more: RequestInit = {}) => fetch(url(path), { ...init, ...more });
    if (!document || !outlivesPage) return await send();
    // Not `keepalive` from the start: Chromium goes on with such a request after its abort, and its late
    // answer would replace the cookies of a person who has signed in meanwhile. The server gives both
    // requests the same answer.
    const sendAgain = () => void send({ keepalive: true, signal: null }).catch(() => {});
    window?.addEventListener("pagehide", sendAgain);
    try {
      return await send();
    } catch (error) {
      // Every engine ends the requests of a page before the page hears that it goes away.
      if (!signal?.aborted) {
        await new Promise<void>((resolve) => setTimer(resolve, PAGEHIDE_AFTER_MS));
      }
      throw error;
    } finally {
      window?.removeEventListener("pagehide", sendAgain);
    }
  }

  return {
    url,
    async send(path, options, interpret) {
      try {
        const response = await request(path, options);
        const answer = { response, body: await readJson(response) };
        return interpret(answer) ?? failureOf(answer, reportError);
      } catch (error) {
        if (options.signal?.aborted) return { kind: "unavailable", cause: "timeout" };
        if (isNetworkError(error, document !== null)) {
          return { kind: "unavailable", cause: "network" };
        }
        throw error;
      }
    },
  };
}

function baseOf(baseUrl: string | URL | undefined): string {
  // A missing one would otherwise become the path "undefined".
  if (!baseUrl) throw new TypeError("Cannot create a client as 'baseUrl' is missing");
  const url = new URL(baseUrl, ownAddress());
  if (!url.protocol.startsWith("http")) {
    throw new TypeError(`Cannot create a client as 'baseUrl' is no HTTP URL: ${url.href}`);
  }
  return url.href.replace(/\/+$/, "");
}

function failureOf(
  { response, body }: Answer,
  reportError: (error: unknown) => void,
): Busy | Unavailable {
  const { status } = response;
  if (status === 429 || status === 503) {
    return { kind: "busy", retryAfterMs: retryAfterMsOf(response) };
  }
  if (body?.["code"] === "cross_site_request") {
    reportError(
      new Error(`The functions refuse this page: add its origin to SESSION_ALLOWED_ORIGINS`),
    );
  }
  return { kind: "unavailable", cause: status >= 500 ? "server" : "protocol", status };
}

/** RFC 9110 section 10.2.3; its date form only by the server's own clock. */
export function retryAfterMsOf({ headers }: Response): number | undefined {
  const value = headers.get("retry-after")?.trim();
  if (!value) return undefined;
  const ms = /^\d+$/.test(value)
    ? Number(value) * 1000
    : Date.parse(value) - Date.parse(headers.get("date") ?? "");
  return ms >= 0 ? ms : undefined;
}
