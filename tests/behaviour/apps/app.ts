/**
 * An app of another framework, built from its folder here as its developers would, with the client's
 * package as npm makes it, and served in front of a local stack.
 *
 * @module
 */

import type { TestStack } from "../../../local/testing/test_server.ts";
import { findFreePort } from "../../../local/platform/postgres/server.ts";
import { openTestServer } from "../../../local/testing/test_server.ts";
import { createDrivenSite, type DrivenSite } from "../../harness/driven/site.ts";
import { installApp } from "../package/packed_client.ts";

/** The frameworks that have an app here. */
export type Framework = "hono" | "next" | "sveltekit";

export interface ServedApp extends AsyncDisposable {
  readonly url: string;
  readonly stack: TestStack;
  /** May change or drop the functions' replies. */
  readonly site: DrivenSite;
}

/** Run by Node.js, and not by npm, which leaves its children running. */
const PROGRAMS: Readonly<Record<Framework, readonly string[]>> = {
  hono: ["server.js"],
  next: ["node_modules/next/dist/bin/next", "start"],
  sveltekit: ["build"],
};

const LONGEST_START_MS = 30_000;

/** Serves the app over a new stack. */
export async function serveApp(
  framework: Framework,
  environment: Readonly<Record<string, string>> = {},
): Promise<ServedApp> {
  const directory = await installApp(new URL(framework, import.meta.url), {
    isBuilt: framework !== "hono",
  });
  await using started = new AsyncDisposableStack();
  const site = createDrivenSite();
  const server = started.use(await openTestServer());
  const port = findFreePort();
  const url = `http://127.0.0.1:${port}`;
  const stack = started.use(
    await server.startStack({
      environment: { SESSION_ALLOWED_ORIGINS: url, ...environment },
      site: () => site,
    }),
  );
  const child = new Deno.Command("node", {
    args: [...PROGRAMS[framework]],
    cwd: directory,
    env: {
      FUNCTIONS_URL: stack.functionsUrl,
      HOST: "127.0.0.1",
      HOSTNAME: "127.0.0.1",
      ORIGIN: url,
      PORT: String(port),
      NEXT_TELEMETRY_DISABLED: "1",
    },
    stdin: "null",
    stdout: "null",
    stderr: "inherit",
  }).spawn();
  started.defer(async () => {
    child.kill("SIGTERM");
    await child.status;
  });
  await untilServed(url);
  const kept = started.move();
  return { url, stack, site, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** Resolves once `url` answers. @throws {Error} If it takes too long */
export async function untilServed(url: string): Promise<void> {
  const until = performance.now() + LONGEST_START_MS;
  while (performance.now() < until) {
    const response = await fetch(url).catch(() => null);
    await response?.body?.cancel();
    if (response?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`Nothing was served at ${url}`);
}
