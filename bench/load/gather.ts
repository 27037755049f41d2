/**
 * Lets every visitor send one request before anything is measured, and keeps the cookies of the answer:
 * what a browser holds that was here before.
 *
 * @module
 */

import { readSetCookies } from "./http_answer.ts";
import type { RequestShape, Visitor } from "./plan.ts";

/** How many visitors ask at once. */
const AT_ONCE = 16;

/** @throws {TypeError} If an answer is no 200 */
export async function gatherCookies(
  { visitors, target, request }: {
    readonly visitors: readonly Visitor[];
    /** `http://127.0.0.1:port` */
    readonly target: string;
    readonly request: RequestShape;
  },
): Promise<readonly Visitor[]> {
  const gathered: Visitor[] = [];
  const waiting = visitors.entries();
  const send = async ({ cookies, body = request.body }: Visitor) => {
    const cookie = Object.entries(cookies).map(([name, value]) => `${name}=${value}`).join("; ");
    const response = await fetch(`${target}${request.path}`, {
      method: request.method,
      headers: {
        ...request.headers,
        ...(cookie ? { cookie } : {}),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new TypeError(`Cannot gather cookies: ${response.status} ${text}`);
    const lines = response.headers.getSetCookie().map((line) => `\r\nset-cookie: ${line}`);
    return readSetCookies(lines.join(""));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    for (const [index, visitor] of waiting) {
      const set = Object.fromEntries(await send(visitor));
      gathered[index] = { cookies: { ...visitor.cookies, ...set } };
    }
  }));
  return gathered;
}
