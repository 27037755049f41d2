/**
 * A tab that calls an app's API: one that takes the newest access token only.
 *
 * @module
 */

import type { Tab, World } from "./world.ts";

export const URL_ = "https://api.test/things";

export function unauthorized(code = "access_token_expired"): Response {
  return Response.json({ code }, { status: 401 });
}

/** An API that takes the newest generation's token only, as a tab that sends it. */
export async function openApiTab(world: World): Promise<Tab> {
  const tab = world.openTab({
    authorize(request, { accessToken }) {
      request.headers.set("authorization", `Bearer ${accessToken}`);
      return request;
    },
  });
  await world.advance(0);
  tab.respond = (request) =>
    request.headers.get("authorization") === `Bearer token-${world.server.generation}`
      ? new Response("ok")
      : unauthorized();
  return tab;
}
