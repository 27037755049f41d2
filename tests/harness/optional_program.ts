/**
 * Programs that a test drives and that a machine may lack: servers, a whole browser. Where one is missing,
 * what it was for is left out, and said. Where `UNIFIED_AUTH_REQUIRE_PROGRAMS` is `1`, as in CI, that it is
 * missing is a failure.
 *
 * @module
 */

import assert from "node:assert/strict";
import { findProgram } from "../../local/platform/find_program.ts";

const ARE_REQUIRED = Deno.env.get("UNIFIED_AUTH_REQUIRE_PROGRAMS") === "1";

/**
 * Its path, or `undefined`. To be called while a test file registers its tests.
 *
 * @param use what is left out without it, in words
 * @param find @default {on the path, and where servers are}
 */
export async function findOptionalProgram(
  name: string,
  use: string,
  find: (name: string) => Promise<string | undefined> = findProgram,
): Promise<string | undefined> {
  const program = await find(name);
  if (program !== undefined) return program;
  const message = `${name} is not installed, left out: ${use}`;
  if (ARE_REQUIRED) Deno.test(`${name} is installed`, () => assert.fail(message));
  else console.warn(message);
  return undefined;
}
