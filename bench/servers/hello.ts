/**
 * The floor of every HTTP server on Deno: an answer about as long as ours, and nothing done for it.
 *
 * @module
 */

const ANSWER = JSON.stringify({
  valid: true,
  refreshed: false,
  user: { id: "00000000-0000-4000-8000-000000000000", email: "person@example.com" },
});

export default {
  fetch: (): Response => new Response(ANSWER, { headers: { "content-type": "application/json" } }),
};
