/**
 * Shared by the stand-ins: where a request carries its token, and a resource that needs one.
 *
 * @module
 */

export function readCookie(request: Request, name: string): string | undefined {
  const pairs = (request.headers.get("cookie") ?? "").split("; ").map((pair) => pair.split("="));
  return pairs.find(([key]) => key === name)?.[1];
}

export function readBearer(request: Request): string | undefined {
  return request.headers.get("authorization")?.replace(/^Bearer /, "");
}

/** A protected resource that lets `accepted` callers in. */
export function answerThings(accepted: boolean): Response {
  return accepted ? Response.json([]) : Response.json({ message: "unauthorised" }, { status: 401 });
}
