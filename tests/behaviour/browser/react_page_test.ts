import assert from "node:assert/strict";
// @ts-types="@types/react-dom/server"
import { renderToString } from "react-dom/server";
import { createAuthClient } from "../../../client/src/index.ts";
import { createApp } from "./driven_react_app.ts";
import { openStagedProject } from "./scenario.ts";

function renderOnServer(): string {
  const auth = createAuthClient({ baseUrl: "https://app.test/functions/v1/unified-auth" });
  return renderToString(createApp(auth));
}

const project = await openStagedProject({
  page: {
    script: new URL("./driven_react_page.ts", import.meta.url),
    body: `<div id="root">${renderOnServer()}</div>`,
  },
});
Deno.test.afterAll(() => project.close());

Deno.test("a page that a server rendered asks once, in StrictMode and with parts that come and go", () =>
  project.withStage(async ({ site, open }) => {
    const tab = await open();
    await tab.evaluate("signIn('ada@example.com', 'correct-horse-battery-staple')");
    await tab.waitFor("session.getSnapshot().status === 'active'");

    // A slow network, so that the parts come and go while the question is under way.
    site.reset();
    site.setFate(async (reply) => {
      await new Promise((resolve) => setTimeout(resolve, 600));
      return reply;
    });
    await tab.evaluate("void location.reload()");
    await tab.waitFor("Number(document.getElementById('restless')?.dataset.mounts) > 3");
    assert.equal(await tab.evaluate("session.getSnapshot().status"), "restoring");
    await tab.waitFor("document.querySelector('output').textContent === 'active'");
    await tab.waitFor("document.getElementById('user')?.textContent.length > 30");
    assert.equal(site.count("validate"), 1);
    assert.deepEqual(await tab.evaluate("complaints"), []);
  }));
