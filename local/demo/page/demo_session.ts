/**
 * The client of this page, in surroundings whose clock and network the page can move.
 *
 * @module
 */

import { type AuthClient, createAuthClient } from "../../../client/src/index.ts";
import type { DemoEnvironment } from "./demo_environment.ts";

export function openClient(demo: DemoEnvironment): AuthClient {
  return createAuthClient({
    baseUrl: "/functions/v1/unified-auth",
    hint: ["email"],
    unstable_environment: demo.environment,
  });
}
