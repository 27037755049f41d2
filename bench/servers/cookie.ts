/**
 * The least that reads a cookie, for servers that stand for a floor.
 *
 * @module
 */

/** The value of a cookie that is in the request. */
export function readCookie(request: Request, name: string): string {
  const header = request.headers.get("cookie") ?? "";
  const start = header.indexOf(`${name}=`) + name.length + 1;
  const end = header.indexOf(";", start);
  return header.slice(start, end === -1 ? undefined : end);
}
