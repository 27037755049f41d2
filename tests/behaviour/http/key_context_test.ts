import assert from "node:assert/strict";
import { type FunctionProcess, startFunction } from "../../../local/platform/function_processes.ts";
import { openBrowser, viewOf } from "./browser.ts";
import { openHttpFixture } from "./fixture.ts";
import { assertRefused } from "./refusal.ts";

const fixture = await openHttpFixture({ functions: ["unified-auth"] });
Deno.test.afterAll(() => fixture.close());

const { stack } = fixture;

/** The same database behind another URL, as after a restoration into a new project. */
function startRenamed(environment: Readonly<Record<string, string>>): Promise<FunctionProcess> {
  const renamed = stack.baseUrl.replace("127.0.0.1", "localhost");
  return startFunction({
    name: "unified-auth",
    projectDirectory: new URL("../../..", import.meta.url).pathname,
    environment: { ...stack.environment, SUPABASE_URL: renamed, ...environment },
    mayReach: [new URL(renamed).host],
  });
}

Deno.test("a project under another URL keeps people signed in with the old one's key context", async () => {
  const { browser, sessionId } = await fixture.signIn();
  const process = await startRenamed({ SESSION_KEY_CONTEXT: `${stack.baseUrl}/` });
  try {
    const moved = openBrowser({ functionsUrl: process.url, cookies: browser.cookies });
    const view = viewOf(await moved.validate());
    assert.deepEqual({ id: view.session.id, refreshed: view.refreshed }, {
      id: sessionId,
      refreshed: true,
    });
    viewOf(await moved.refresh());
  } finally {
    await process.stop();
  }
});

Deno.test("without it the keys are the new project's, and nobody's cookies are touched", async () => {
  const { browser } = await fixture.signIn();
  const process = await startRenamed({});
  try {
    const moved = openBrowser({ functionsUrl: process.url, cookies: browser.cookies });
    assertRefused(await moved.refresh(), "refresh_token_invalid");
  } finally {
    await process.stop();
  }
});
