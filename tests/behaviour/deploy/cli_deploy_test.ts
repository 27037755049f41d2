import assert from "node:assert/strict";
import { cacheFunctions, startFunction } from "../../../local/platform/function_processes.ts";
import { SUPABASE_CLI } from "../../../local/platform/migrations.ts";
import { SEED_USERS } from "../../../local/platform/seed_users.ts";
import { openTestServer } from "../../../local/testing/test_server.ts";
import { openBrowser, viewOf } from "../http/browser.ts";
import { startManagementApi, type UploadedFunction } from "./management_api.ts";

const PROJECT = new URL("../../..", import.meta.url).pathname;

/** The third step of `docs/deploy/README.md`, with the management API where the profile says that it is. */
async function deploy(managementUrl: string): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "unified-auth-profile-" });
  const profile = `${directory}/profile.yaml`;
  await Deno.writeTextFile(
    profile,
    `name: stand-in
api_url: ${managementUrl}
dashboard_url: ${managementUrl}
docs_url: ${managementUrl}
project_host: 127.0.0.1
`,
  );
  const { success, stdout, stderr } = await new Deno.Command("npx", {
    args: [
      ...["--yes", SUPABASE_CLI, "functions", "deploy", "unified-auth", "validate-session"],
      ...["--use-api", "--yes", `--remote=${"a".repeat(20)}`, `--profile=${profile}`],
    ],
    cwd: PROJECT,
    env: { SUPABASE_ACCESS_TOKEN: `sbp_${"0".repeat(40)}` },
    stdin: "null",
  }).output();
  await Deno.remove(directory, { recursive: true });
  const said = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  assert.ok(success, said);
}

/** Lays out what was uploaded, and nothing else, as the platform does before it bundles. */
async function layOut(directory: string, uploads: readonly UploadedFunction[]): Promise<void> {
  for (const { files } of uploads) {
    for (const [path, text] of files) {
      const target = `${directory}/${path}`;
      await Deno.mkdir(target.slice(0, target.lastIndexOf("/")), { recursive: true });
      await Deno.writeTextFile(target, text);
    }
  }
}

Deno.test("the CLI deploys all that the functions need, with the platform's own JWT check off", async () => {
  await using management = startManagementApi();
  await deploy(management.url);
  const { uploaded } = management;
  assert.deepEqual(
    uploaded.map(({ metadata }) => metadata),
    ["unified-auth", "validate-session"].map((name) => ({
      name,
      entrypoint_path: `supabase/functions/${name}/index.ts`,
      import_map_path: `supabase/functions/${name}/deno.json`,
      verify_jwt: false,
    })),
  );
  for (const path of uploaded.flatMap(({ files }) => [...files.keys()])) {
    assert.match(path, /^supabase\/functions\/(?:.*\.ts|[a-z-]+\/deno\.json)$/);
  }

  const directory = await Deno.makeTempDir({ prefix: "unified-auth-deployed-" });
  try {
    await layOut(directory, uploaded);
    const configFile = `${directory}/supabase/functions/unified-auth/deno.json`;
    await cacheFunctions({ projectDirectory: directory, configFile });
    await using server = await openTestServer();
    await using stack = await server.startStack({ functions: [] });
    const running = await startFunction({
      name: "unified-auth",
      projectDirectory: directory,
      configFile,
      environment: stack.environment,
      mayReach: [new URL(stack.baseUrl).host],
    });
    const browser = openBrowser({ functionsUrl: running.url });
    await browser.login(SEED_USERS.ada);
    assert.equal(viewOf(await browser.validate()).user.email, SEED_USERS.ada.email);
    await running.stop();
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
