/**
 * Asserts every refusal: the documented body and headers, and no cookie unless the code says that the
 * session has ended.
 *
 * @module
 */

import assert from "node:assert/strict";
import { type ErrorCode, ERRORS } from "../../../supabase/functions/_shared/errors.ts";
import { errorView } from "../../../supabase/functions/_shared/http/schemas.ts";
import type { Answer } from "./browser.ts";

/** The answer refuses with this code, in the documented form, and touches no cookie. */
export function assertRefused(answer: Answer, code: ErrorCode, what = code as string): void {
  assertErrorForm(answer, what);
  assert.deepEqual([answer.status, answer.body["code"]], [ERRORS[code].status, code], what);
  assert.deepEqual(answer.setCookies, [], `${what}: a cookie was touched`);
}

/** The answer refuses with this code and ends all cookies of this browser. */
export function assertSessionEnded(answer: Answer, code: ErrorCode): void {
  assertErrorForm(answer, code);
  assert.deepEqual([answer.status, answer.body["code"]], [401, code]);
  assert.equal(answer.setCookies.length, 3);
  for (const cookie of answer.setCookies) assert.match(cookie, /^[^=]+=; Max-Age=0;/);
}

export function assertErrorForm(answer: Answer, what = ""): void {
  const body = errorView.strict().safeParse(answer.body);
  assert.ok(body.success, `${what}: ${answer.status} ${JSON.stringify(answer.body)}`);
  assert.equal(answer.headers.get("x-request-id"), body.data.request_id, what);
  assertCommonHeaders(answer, what);
}

export function assertCommonHeaders({ headers }: Pick<Answer, "headers">, what = ""): void {
  assert.equal(headers.get("cache-control"), "no-store", what);
  assert.match(headers.get("x-request-id") ?? "", /^[0-9a-f-]{36}$/, what);
  assert.match(headers.get("vary") ?? "", /(^|, *)origin($|,)/i, what);
  assert.equal(headers.get("x-content-type-options"), "nosniff", what);
}
