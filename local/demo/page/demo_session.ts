/**
 * The session of this page: the client over the functions of the same origin, in a world whose clock
 * and network the page can move.
 *
 * @module
 */

import {
  createHttpTransport,
  createSession,
  type HttpTransport,
  type Session,
  type UnifiedAuthUser,
} from "../../../client/src/index.ts";
import type { World } from "./world.ts";

export type DemoSession = Session<UnifiedAuthUser>;

export function openSession(
  world: World,
): { readonly session: DemoSession; readonly transport: HttpTransport } {
  const transport = createHttpTransport({
    baseUrl: "/functions/v1/unified-auth",
    fetch: world.environment.fetch,
  });
  const session = createSession<UnifiedAuthUser>({ transport, environment: world.environment });
  return { session, transport };
}
