import assert from "node:assert/strict";
import { build, stop } from "esbuild";
import { findFreePort } from "../../../local/platform/postgres/server.ts";
import { SEED_USERS } from "../../../local/platform/seed_users.ts";
import { openTestServer } from "../../../local/testing/test_server.ts";
import { openPlatforms, type Platform, type Served, serveProgram } from "./platform.ts";

const { email, password } = SEED_USERS.ada;

/** Before a Worker's `fetch` knew `cache`, and of today. */
const COMPATIBILITY_DATES = ["2024-09-01", "2026-06-01"];

Deno.test("runtimes of servers", async (test) => {
  await using platforms = openPlatforms();
  const workerd = await platforms.install("workerd");
  const bun = await platforms.install("bun");
  await bundleWorkers(workerd);
  await using server = await openTestServer();
  await using stack = await server.startStack();
  const login = await fetch(`${stack.functionsUrl}/unified-auth/login`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ email, password }),
  });
  await login.body?.cancel();
  const cookie = login.headers.getSetCookie().map((set) => set.split(";", 1)[0]).join("; ");

  const runWorker = (script: string, compatibilityDate: string, functionsUrl: string) =>
    serveWorker(workerd, { script, compatibilityDate, functionsUrl });
  const servers: Readonly<Record<string, (functionsUrl: string) => Promise<Served>>> = {
    bun: async (functionsUrl) => {
      const port = findFreePort();
      return await serveProgram([await bun.binary("@oven", "bin/bun"), "server.js"], {
        cwd: bun.directory,
        env: { FUNCTIONS_URL: functionsUrl, PORT: String(port) },
        url: `http://127.0.0.1:${port}`,
      });
    },
    ...Object.fromEntries(
      COMPATIBILITY_DATES.map((date) => [
        `workerd ${date}`,
        (functionsUrl: string) => runWorker("worker", date, functionsUrl),
      ]),
    ),
  };

  for (const [name, serve] of Object.entries(servers)) {
    await test.step(`${name} reads a visitor's session, and an outage signs nobody out`, async () => {
      const visit = async ({ url }: Served, headers: Readonly<Record<string, string>>) =>
        await (await fetch(url, { headers })).json();
      {
        await using served = await serve(stack.functionsUrl);
        assert.deepEqual(await visit(served, { cookie }), { status: "active", email });
        assert.deepEqual(await visit(served, {}), { status: "signed-out", email: null });
      }
      await using cut = await serve("http://127.0.0.1:1/functions/v1");
      assert.deepEqual(await visit(cut, { cookie }), { status: "unavailable", email: null });
      assert.equal(await cut.complaints(), "");
    });
  }

  for (const date of COMPATIBILITY_DATES) {
    await test.step(`a Worker of ${date} signs in by a jar and calls an API`, async () => {
      await using served = await runWorker("worker", date, stack.functionsUrl);
      const response = await fetch(`${served.url}/report`);
      const { sessions } = await response.json();
      assert.deepEqual(sessions.map(({ current }: { readonly current: boolean }) => current), [
        true,
        false,
      ]);
    });
  }

  await test.step("a Worker distinguishes an outage and an unknown host from a fault of the program", async () => {
    const outcomes = async (served: Served) => {
      const response = await fetch(`${served.url}/report`);
      return await response.json();
    };
    for (const functionsUrl of ["http://127.0.0.1:1", "http://unknown.invalid"]) {
      await using cut = await runWorker("worker", "2026-06-01", functionsUrl);
      assert.deepEqual(await outcomes(cut), { kind: "unavailable", cause: "network" });
    }
    await using faulty = await runWorker("faulty", "2024-09-01", stack.functionsUrl);
    assert.deepEqual(await outcomes(faulty), { kind: "unavailable", cause: "request" });
    assert.match(await faulty.complaints(), /'cache' field/);
  });
});

/** As Cloudflare's own tool does. */
async function bundleWorkers({ directory }: Platform): Promise<void> {
  await build({
    entryPoints: ["worker.js", "faulty.js"].map((file) => `${directory}/${file}`),
    outdir: `${directory}/dist`,
    bundle: true,
    format: "esm",
    conditions: ["workerd", "worker", "browser"],
  });
  await stop();
}

interface Worker {
  readonly script: string;
  readonly compatibilityDate: string;
  readonly functionsUrl: string;
}

async function serveWorker(workerd: Platform, worker: Worker): Promise<Served> {
  const { script, compatibilityDate, functionsUrl } = worker;
  const port = findFreePort();
  const variables = {
    FUNCTIONS_URL: functionsUrl,
    REPORT_URL: `${functionsUrl}/unified-auth/sessions`,
    EMAIL: email,
    PASSWORD: password,
  };
  const bindings = Object.entries(variables)
    .map(([name, text]) => `(name = "${name}", text = "${text}")`);
  const config = `${workerd.directory}/${script}-${port}.capnp`;
  await Deno.writeTextFile(
    config,
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "app", worker = .app),
    (name = "internet", network = (allow = ["local", "private", "public"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "app")],
);
const app :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "dist/${script}.js")],
  compatibilityDate = "${compatibilityDate}",
  bindings = [${bindings.join(", ")}],
);
`,
  );
  return await serveProgram([await workerd.binary("@cloudflare", "bin/workerd"), "serve", config], {
    cwd: workerd.directory,
    env: {},
    url: `http://127.0.0.1:${port}`,
  });
}
