/**
 * A request that cannot be served as it is: thrown while it is read, turned into its documented answer
 * in one place.
 *
 * @module
 */

import type { ErrorCode } from "../errors.ts";

export class RequestError extends Error {
  override readonly name = "RequestError";
  readonly code: ErrorCode;
  /** Which part of the request is at fault, and why; never what it held. Null: the code says it all. */
  readonly detail: string | null;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    code: ErrorCode,
    { detail = null, headers = {} }: {
      readonly detail?: string | null;
      readonly headers?: Readonly<Record<string, string>>;
    } = {},
  ) {
    super(`Cannot serve the request: ${code}`);
    this.code = code;
    this.detail = detail;
    this.headers = headers;
  }
}
