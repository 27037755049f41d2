import assert from "node:assert/strict";
import { awaitChildServer } from "../../../local/platform/child_server.ts";
import { findFreePort } from "../../../local/platform/postgres/server.ts";
import { SEED_USERS } from "../../../local/platform/seed_users.ts";
import { launchChromium, openPage } from "../../harness/browser/chromium.ts";
import { fillIn, named, press, see } from "../../harness/browser/page.ts";
import { makePlace, start } from "../local/start_fixture.ts";
import { packClient, run } from "../package/packed_client.ts";
import { readCodeBlocks, readDocument } from "./markdown.ts";

const PAGE = await readDocument("docs/get-started.md");
const FILE = /^`([^`\n]+)`\n\n```\w+\n([\s\S]*?)^```$/gm;

/** `@latest` when the page was last tried by hand. */
const CREATE_VITE = "vite@9.3.0";

/** The page's third step, in a new directory, for a backend at another port. */
async function makeApp(root: string, backend: string): Promise<string> {
  const clone = `${root}/unified-auth`;
  await Deno.mkdir(clone);
  const { archive } = await packClient();
  await Deno.copyFile(archive, `${clone}/${archive.slice(archive.lastIndexOf("/") + 1)}`);

  const [, step = ""] = PAGE.split("\n## 3. Make an app\n");
  const [commands] = readCodeBlocks(step);
  let directory = clone;
  for (const line of (commands?.text ?? "").trim().split("\n")) {
    const [program = "", ...args] = line.replace("vite@latest", CREATE_VITE).split(" ");
    if (program === "cd") directory = await Deno.realPath(`${directory}/${args[0]}`);
    else await run(program, args, directory);
  }
  const files = [...PAGE.matchAll(FILE)];
  assert.equal(files.length, 3);
  for (const [, path = "", text = ""] of files) {
    const there = text.replace("http://127.0.0.1:54321", backend);
    await Deno.writeTextFile(`${directory}/${path}`, there);
  }
  return directory;
}

async function serveApp(directory: string): Promise<AsyncDisposable & { readonly url: string }> {
  const port = findFreePort();
  const child = new Deno.Command("node", {
    args: [
      "node_modules/vite/bin/vite.js",
      ...["--host=127.0.0.1", `--port=${port}`, "--strictPort"],
    ],
    cwd: directory,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const server = await awaitChildServer(child, { name: "Vite", port, endSignal: "SIGTERM" });
  return { url: `http://127.0.0.1:${port}`, [Symbol.asyncDispose]: server.stop };
}

Deno.test("the page leads to an app that compiles, signs in, survives a reload and signs out in both tabs", async () => {
  const root = await Deno.makeTempDir({ prefix: "unified-auth-get-started-" });
  try {
    await using place = await makePlace();
    await using backend = await start(place.environment);
    const directory = await makeApp(root, backend.baseUrl);
    await run("npm", ["run", "build"], directory);

    await using app = await serveApp(directory);
    await using chromium = await launchChromium();
    const { page, complaints } = await openPage(chromium);
    await page.goto(app.url);
    const signIn = async (password: string) => {
      await fillIn(page, "E-mail", SEED_USERS.ada.email);
      await fillIn(page, "Password", password);
      await press(page, "Sign in");
    };
    await signIn("wrong");
    await see(page, "[role=alert]::-p-text(wrong)");
    await signIn(SEED_USERS.ada.password);
    const welcome = `::-p-text(Signed in as ${SEED_USERS.ada.email})`;
    await see(page, welcome);
    await page.reload();
    await see(page, welcome);

    const tab = await page.browserContext().newPage();
    await tab.goto(app.url);
    await press(tab, "Sign out");
    await see(page, named("Password"));
    assert.deepEqual(complaints, []);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});
