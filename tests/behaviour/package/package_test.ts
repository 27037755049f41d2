import assert from "node:assert/strict";
import { PROJECT } from "../../checks/check.ts";
import { launchChromium, openPage } from "../../harness/browser/chromium.ts";
import { see } from "../../harness/browser/page.ts";
import { COMMONJS_PROGRAM, DENO_PROGRAM, VITE_APP } from "./consumer_programs.ts";
import { installClient, packClient, run } from "./packed_client.ts";

const TSC = new URL("../../../node_modules/typescript/bin/tsc", import.meta.url).pathname;
const VITE = new URL("../../../node_modules/vite/bin/vite.js", import.meta.url).pathname;

Deno.test("the client's package", async (test) => {
  const client = await packClient();

  await test.step("holds its modules, their types, its looks and its licence, no test and no dependency", async () => {
    const modules = client.files.filter((path) => path.endsWith(".js")).toSorted();
    assert.deepEqual(modules, [
      "dist/cache.js",
      "dist/index.js",
      "dist/metrics.js",
      "dist/react/index.js",
      "dist/server/index.js",
      "dist/supabase/index.js",
    ]);
    const others = client.files.filter((path) => !/^dist\/.*\.(?:js|d\.ts)$/.test(path));
    assert.deepEqual(others.toSorted(), ["LICENSE", "README.md", "package.json", "styles.css"]);
    assert.equal(
      await Deno.readTextFile(`${PROJECT}/client/LICENSE`),
      await Deno.readTextFile(`${PROJECT}/LICENSE`),
    );
    assert.deepEqual(client.files.filter((path) => /test|fixture|src\//.test(path)), []);
    for (const entry of modules) {
      assert.ok(client.files.includes(entry.replace(/\.js$/, ".d.ts")), `${entry} has types`);
    }
    await using consumer = await installClient({}, []);
    const { directory } = consumer;
    const installed = await Array.fromAsync(Deno.readDir(`${directory}/node_modules`));
    const packages = installed.filter(({ name }) => !name.startsWith(".")).map(({ name }) => name);
    assert.deepEqual(packages, ["@unified-auth"]);
    const manifest = JSON.parse(
      await Deno.readTextFile(`${directory}/node_modules/@unified-auth/client/package.json`),
    );
    assert.deepEqual(Object.keys(manifest.dependencies ?? {}), []);
    for (const module of modules) {
      const text = await Deno.readTextFile(
        `${directory}/node_modules/@unified-auth/client/${module}`,
      );
      const imported = [...text.matchAll(/^(?:import|export) .*?from "([^".][^"]*)"/gm)];
      const expected = module === "dist/react/index.js" ? ["react"] : [];
      assert.deepEqual([...new Set(imported.map(([, name]) => name))], expected, module);
      // As the first statement, or Next.js refuses the hooks in a layout.
      assert.equal(text.startsWith('"use client";'), module === "dist/react/index.js", module);
    }
  });

  await test.step("is imported with its types by a Vite app, which a browser runs", async () => {
    const beside = ["react", "react-dom", "@types/react", "@types/react-dom"];
    await using consumer = await installClient(VITE_APP, beside);
    const app = consumer.directory;
    await run("node", [TSC], app);
    await run("node", [TSC, "--module", "nodenext", "--moduleResolution", "nodenext"], app);
    // Of many an app still; it reads no "exports".
    const node10 = ["--moduleResolution", "node10", "--ignoreDeprecations", "6.0"];
    await run("node", [TSC, ...node10], app);
    await run("node", [VITE, "build", "--logLevel", "error"], app);
    await using server = serveApp(`${app}/dist`);
    await using chromium = await launchChromium();
    const { page, complaints } = await openPage(chromium);
    await page.goto(server.baseUrl);
    await see(page, "output::-p-text(signed-out)");
    assert.deepEqual(complaints, []);
    const rules = await page.evaluate(() =>
      [...document.styleSheets].flatMap(({ cssRules }) => [...cssRules]).map(({ cssText }) =>
        cssText
      )
    );
    assert.ok(rules.some((rule) => rule.includes(".session-banner")));
  });

  await test.step("is required, with each of its entries, by a CommonJS program", async () => {
    await using consumer = await installClient(COMMONJS_PROGRAM, ["react"]);
    const printed = await run("node", ["main.cjs"], consumer.directory);
    assert.equal(printed.trim(), "function ".repeat(6).trim());
  });

  await test.step("is imported with its types by a Deno program, which runs", async () => {
    await using consumer = await installClient(DENO_PROGRAM, ["react"]);
    const program = consumer.directory;
    await using server = serveApp(program);
    await run(Deno.execPath(), ["check", "--quiet", "--no-lock", "main.ts"], program);
    const baseUrl = `${server.baseUrl}functions/v1/unified-auth`;
    const printed = await run(
      Deno.execPath(),
      ["run", "--quiet", "--no-lock", `--allow-net=127.0.0.1`, "--allow-env", "main.ts", baseUrl],
      program,
    );
    assert.equal(printed.trim(), "signed-out function function");
  });
});

/** As strict as the client's README says that it may be. */
const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; " +
  "require-trusted-types-for 'script'; trusted-types 'none'";

/** A directory, beside functions that know no session. */
function serveApp(directory: string): AsyncDisposable & { readonly baseUrl: string } {
  const types: Readonly<Record<string, string>> = { js: "text/javascript", css: "text/css" };
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const { pathname } = new URL(request.url);
    if (pathname.startsWith("/functions/")) {
      const refusal = { code: "refresh_token_missing", message: "", request_id: "", valid: false };
      return Response.json(refusal, { status: 401 });
    }
    if (pathname === "/favicon.ico") return new Response(null, { status: 204 });
    const file = pathname === "/" ? "/index.html" : pathname;
    const extension = file.split(".").at(-1) ?? "";
    return new Response(await Deno.readFile(directory + file), {
      headers: {
        "content-type": types[extension] ?? "text/html",
        "content-security-policy": POLICY,
      },
    });
  });
  return {
    baseUrl: `http://127.0.0.1:${server.addr.port}/`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}
