/**
 * Supabase Auth's errors, in both forms: what it has always sent, and what it sends to a client that
 * names API version 2024-01-01 or later, as supabase-js does.
 *
 * @module
 */

/** Ends a request with an error of Supabase Auth. */
export class AuthFailure extends Error {
  override readonly name = "AuthFailure";
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    /** More of the body, such as why a password is weak. */
    readonly payload: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
  }
}

const VERSION_HEADER = "x-supabase-api-version";
const CODES_IN_BODY_SINCE = "2024-01-01";

/** The answer to whatever a request threw. */
export function failureResponse(thrown: unknown, request: Request): Response {
  const { status, code, message, payload } = thrown instanceof AuthFailure
    ? thrown
    : new AuthFailure(500, "unexpected_failure", "Database error querying schema");
  const version = request.headers.get(VERSION_HEADER) ?? "";
  const isNewer = version >= CODES_IN_BODY_SINCE;
  const body = isNewer
    ? { code, message, ...payload }
    : { code: status, error_code: code, msg: message, ...payload };
  return Response.json(body, {
    status,
    headers: {
      // Of a weak password only the body of the newer form says so.
      ...(isNewer && code === "weak_password" ? {} : { "x-sb-error-code": code }),
      ...(isNewer ? { [VERSION_HEADER]: CODES_IN_BODY_SINCE } : {}),
    },
  });
}
