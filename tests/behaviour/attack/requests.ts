/**
 * Requests that `fetch` alone would not send as they are: bodies of any bytes, streamed without a
 * length, under any content type. Each comes from another address.
 *
 * @module
 */

import assert from "node:assert/strict";
import { type Answer, FIREFOX } from "../http/browser.ts";

export interface RawRequest {
  readonly method?: string;
  /** A stream is sent in chunks, without a `Content-Length`. */
  readonly body?: string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array> | null;
  /** @default {"application/json", where there is a body} */
  readonly contentType?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
}

let sent = 0;

/** Sends it; the answer's body must be JSON or nothing. */
export async function sendRaw(url: string, request: RawRequest = {}): Promise<Answer> {
  sent += 1;
  const { body = null, contentType = "application/json" } = request;
  const response = await fetch(url, {
    method: request.method ?? "POST",
    headers: {
      "user-agent": FIREFOX,
      "cf-connecting-ip": `198.19.${sent >> 8 & 255}.${sent & 255}`,
      ...(body === null || contentType === null ? {} : { "content-type": contentType }),
      ...request.headers,
    },
    // As bytes, or fetch would add a content type.
    body: typeof body === "string" ? new TextEncoder().encode(body) : body,
    redirect: "manual",
  });
  const text = await response.text();
  const parsed: unknown = text === "" ? {} : JSON.parse(text);
  assert.ok(typeof parsed === "object" && parsed !== null, text);
  return {
    status: response.status,
    headers: response.headers,
    setCookies: response.headers.getSetCookie(),
    body: parsed as Readonly<Record<string, unknown>>,
  };
}

/** So many bytes in chunks of a kilobyte. */
export function inChunks(text: string): ReadableStream<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) return controller.close();
      controller.enqueue(bytes.slice(at, at + 1024));
      at += 1024;
    },
  });
}
