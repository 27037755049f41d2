/**
 * A tab that calls an app's API: one that takes the newest access token only.
 *
 * @module
 */

import type { Harness, Tab } from "./client_harness.ts";

export const URL_ = "https://api.test/things";

export function unauthorized(code = "access_token_expired"): Response {
  return Response.json({ code }, { status: 401 });
}

/** An API that takes the newest generation's token only, as a tab that sends it. */
export async function openApiTab(harness: Harness): Promise<Tab> {
  const tab = harness.openTab({
    authorize(request, { accessToken }) {
      request.headers.set("authorization", `Bearer ${accessToken}`);
      return request;
    },
  });
  await harness.advance(0);
  tab.respond = (request) =>
    request.headers.get("authorization") === `Bearer token-${harness.server.generation}`
      ? new Response("ok")
      : unauthorized();
  return tab;
}
