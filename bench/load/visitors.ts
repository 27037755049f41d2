/**
 * Visitors as a generator keeps them: their next request as bytes that are ready to send, made anew
 * only when an answer has changed their cookies.
 *
 * @module
 */

import { type HttpAnswer, readSetCookies } from "./http_answer.ts";
import type { LoadPlan, RequestShape, Visitor } from "./plan.ts";

/** A visitor with its request. */
export interface ReadyVisitor {
  readonly request: Uint8Array;
  /** Takes an answer in. Answers what is wrong with it, or `null`. */
  judge(answer: HttpAnswer): string | null;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function prepareVisitor(visitor: Visitor, plan: LoadPlan): ReadyVisitor {
  const { follow = [], mustChange } = plan;
  const cookies = new Map(Object.entries(visitor.cookies));
  const head = headOf(plan);
  const text = bodyText(plan.request.method, visitor.body ?? plan.request.body);
  let request = requestBytes({ head, cookies, text });

  return {
    get request() {
      return request;
    },
    judge(answer) {
      if (answer.status !== 200) return `${answer.status} ${decoder.decode(answer.body)}`;
      if (follow.length === 0 && mustChange === undefined) return null;
      const set = readSetCookies(answer.head);
      const kept = set.filter(([name]) => follow.includes(name));
      const isChanged = mustChange === undefined ||
        set.some(([name, value]) => name === mustChange && cookies.get(name) !== value);
      for (const [name, value] of kept) cookies.set(name, value);
      if (kept.length > 0) request = requestBytes({ head, cookies, text });
      return isChanged ? null : `${mustChange} is as it was: ${decoder.decode(answer.body)}`;
    },
  };
}

function headOf({ request, targets }: LoadPlan): string {
  const lines = Object.entries({
    host: new URL(targets[0] ?? "").host,
    accept: "application/json",
    ...request.headers,
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${request.method} ${request.path} HTTP/1.1\r\n${lines.join("")}`;
}

function bodyText(method: RequestShape["method"], body: unknown): string {
  // A browser says so where a body could be (RFC 9110 section 8.6); a server would have to look for it.
  if (body === undefined) return method === "POST" ? "content-length: 0\r\n\r\n" : "\r\n";
  const json = JSON.stringify(body);
  const { length } = encoder.encode(json);
  return `content-type: application/json\r\ncontent-length: ${length}\r\n\r\n${json}`;
}

function requestBytes(
  { head, cookies, text }: {
    readonly head: string;
    readonly cookies: ReadonlyMap<string, string>;
    readonly text: string;
  },
): Uint8Array {
  const pairs = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
  return encoder.encode(`${head}${pairs && `cookie: ${pairs}\r\n`}${text}`);
}
