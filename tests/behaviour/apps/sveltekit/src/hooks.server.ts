import type { Handle } from "@sveltejs/kit";
import { env } from "$env/dynamic/private";
import { readSession } from "@unified-auth/client/server";

const functionsUrl = env.FUNCTIONS_URL ?? "http://127.0.0.1:54321/functions/v1";

export const handle: Handle = async ({ event, resolve }) => {
  const { pathname, search } = event.url;
  if (pathname.startsWith("/functions/v1/")) {
    return await forward(
      event.request,
      functionsUrl + pathname.slice("/functions/v1".length) + search,
    );
  }
  event.locals.visit = await readSession(event.request, { baseUrl: functionsUrl });
  const response = await resolve(event);
  for (const [name, value] of Object.entries(event.locals.visit.headers)) {
    response.headers.set(name, value);
  }
  return response;
};

/** The functions answer on the app's own origin, which makes their cookies first-party. */
async function forward(request: Request, url: string): Promise<Response> {
  const headers = new Headers(request.headers);
  headers.delete("host");
  headers.delete("connection");
  const body = request.method === "GET" || request.method === "HEAD"
    ? null
    : await request.arrayBuffer();
  const answer = await fetch(url, { method: request.method, headers, body, redirect: "manual" });
  const answerHeaders = new Headers(answer.headers);
  // fetch has decoded the body.
  answerHeaders.delete("content-encoding");
  answerHeaders.delete("content-length");
  return new Response(answer.body, { status: answer.status, headers: answerHeaders });
}
