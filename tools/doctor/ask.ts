/**
 * How the doctor asks the functions: one request, with exactly the headers that a check wants, and
 * whatever comes back as a value. Nothing is followed, kept or retried.
 *
 * @module
 */

/** An answer, no matter who gave it. */
export interface Reply {
  readonly kind: "reply";
  readonly status: number;
  readonly headers: Headers;
  /** One entry for each `Set-Cookie` header that arrived. */
  readonly setCookies: readonly string[];
  /** The body, where it is JSON. */
  readonly value: unknown;
  /** The same, where it is an object. */
  readonly json: Readonly<Record<string, unknown>> | null;
  /** The `code` of the body. */
  readonly code: string | null;
  /** The doctor's own clock. */
  readonly sentAtMs: number;
  readonly arrivedAtMs: number;
}

export interface NoReply {
  readonly kind: "no_reply";
  readonly reason: string;
}

export interface Question {
  /** @default {"GET"} */
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
}

/** Asks a URL. Never rejects. */
export type Ask = (url: string, question?: Question) => Promise<Reply | NoReply>;

export interface AskOptions {
  readonly fetch: typeof fetch;
  readonly nowMs: () => number;
  /** @default {15_000} */
  readonly timeoutMs?: number;
}

/** One name for all requests: to the rotation rule, two user agents are two browsers. */
const USER_AGENT = "Mozilla/5.0 (unified-auth doctor)";

export function createAsk({ fetch, nowMs, timeoutMs = 15_000 }: AskOptions): Ask {
  return async function ask(url, { method = "GET", headers = {}, body } = {}) {
    const sentAtMs = nowMs();
    try {
      const response = await fetch(url, {
        method,
        headers: {
          "user-agent": USER_AGENT,
          "accept": "application/json",
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        redirect: "manual",
        signal: AbortSignal.timeout(timeoutMs),
      });
      const text = await response.text();
      const value = readJson(text);
      const json = typeof value === "object" && value !== null
        ? { ...value } as Reply["json"]
        : null;
      return {
        kind: "reply",
        status: response.status,
        headers: response.headers,
        setCookies: response.headers.getSetCookie(),
        value,
        json,
        code: typeof json?.["code"] === "string" ? json["code"] : null,
        sentAtMs,
        arrivedAtMs: nowMs(),
      };
    } catch (thrown: unknown) {
      return {
        kind: "no_reply",
        reason: thrown instanceof Error ? thrown.message : String(thrown),
      };
    }
  };
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
