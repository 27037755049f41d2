/**
 * One more process of `unified-auth` on a stack that runs, with other session secrets: what serves while
 * secrets are changed and old instances have not gone yet.
 *
 * @module
 */

import { startFunction } from "../../../local/platform/function_processes.ts";
import { generateKeys } from "../../../local/keys.ts";
import type { TestStack } from "../../../local/testing/test_server.ts";

export interface InstanceWithSecrets extends AsyncDisposable {
  /** For a browser's `functionsUrl`. */
  readonly functionsUrl: string;
}

/** A secret that no stack has yet. */
export async function newSessionSecret(): Promise<string> {
  return (await generateKeys()).SESSION_SECRET;
}

/** @param secrets newest first */
export async function startInstanceWithSecrets(
  stack: TestStack,
  secrets: readonly string[],
): Promise<InstanceWithSecrets> {
  const instance = await startFunction({
    name: "unified-auth",
    projectDirectory: new URL("../../..", import.meta.url).pathname,
    environment: { ...stack.environment, SESSION_SECRET: secrets.join(",") },
    mayReach: [new URL(stack.baseUrl).host],
  });
  return { functionsUrl: instance.url, [Symbol.asyncDispose]: instance.stop };
}

/** The secret that the stack itself was started with. */
export function sessionSecretOf(stack: TestStack): string {
  return stack.environment["SESSION_SECRET"] ?? "";
}
