/**
 * An answer that only the page itself may read: other sites may neither fetch nor embed it.
 *
 * @module
 */

export function answerPrivately(body: unknown): Response {
  return Response.json(body, {
    headers: { "cache-control": "no-store", "cross-origin-resource-policy": "same-origin" },
  });
}
