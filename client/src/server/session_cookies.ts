/**
 * The session's cookies in a request's `Cookie` header. The function may stand on another host than the
 * app, so the app's other cookies are not sent there.
 *
 * @module
 */

const SESSION_COOKIE = /^(?:__(?:Host|Secure)-)?session_(?:access|refresh)(?:[-_.][\w.-]+)?$/;

/** The header with nothing but the session's cookies, or null where there is none. */
export function sessionCookiesIn(header: string | null): string | null {
  const pairs = (header ?? "").split(";").map((pair) => pair.trim());
  const ours = pairs.filter((pair) => SESSION_COOKIE.test(pair.split("=", 1)[0] ?? ""));
  return ours.length === 0 ? null : ours.join("; ");
}
