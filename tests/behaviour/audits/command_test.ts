import assert from "node:assert/strict";
import { openTestServer } from "../../../local/testing/test_server.ts";
import { SEED_USERS } from "../../../local/platform/seed_users.ts";
import { databaseUrl } from "../../../tools/database.ts";
import { formatTable } from "../../../tools/table.ts";
import { openBrowser } from "../http/browser.ts";
import { runTask } from "./run_task.ts";

Deno.test("audit without a name lists every audit with its question", async () => {
  const { code, stdout } = await runTask("tools/audit.ts", []);
  assert.equal(code, 0);
  for await (const { name } of Deno.readDir("supabase/audits")) {
    assert.ok(stdout.includes(`  ${name.replace(/\.sql$/, "")} `), name);
  }
});

Deno.test("audit prints the named one as a table, from the database that is named", async () => {
  await using server = await openTestServer();
  await using stack = await server.startStack({ functions: ["unified-auth"] });
  await openBrowser({ ...stack, userAgent: "A browser" }).login(SEED_USERS.ada);

  const remote = await runTask("tools/audit.ts", [
    "signed_in",
    "restorable",
    "--remote",
    stack.database.url,
  ]);
  assert.equal(remote.code, 0, remote.stderr);
  assert.match(remote.stdout, /^user +device_name +user_agent/m);
  assert.match(remote.stdout, /^ada@example\.com .* A browser /m);
  assert.match(remote.stdout, /^count\n-----\n {4}0\n\(1 row\)$/m);
});

Deno.test("without --remote, the local stack's database is read, at the port that moves it", () => {
  const ask = (localPort: string | undefined) => databaseUrl({ remote: undefined, localPort }).href;
  assert.equal(ask(undefined), "postgresql://postgres:postgres@127.0.0.1:54322/postgres");
  assert.equal(ask("5999"), "postgresql://postgres:postgres@127.0.0.1:5999/postgres");
});

Deno.test("an unknown audit, an unknown option and an absent database are misuse: one line, exit code 2", async () => {
  for (
    const [args, message] of [
      [["sing_in"], /^audit: there is no audit "sing_in"; there are: /],
      [["--color", "red"], /^audit: Unknown option '--color'/],
      [["signed_in", "--remote", "mysql://x"], /^audit: the database must be a URL/],
      [["signed_in", "--remote", "postgresql://postgres@127.0.0.1:1/x"], /deno task start/],
    ] as const
  ) {
    const { code, stderr } = await runTask("tools/audit.ts", [...args]);
    assert.equal(code, 2, stderr);
    assert.match(stderr, message);
    assert.equal(stderr.trim().split("\n").length, 1, stderr);
  }
});

Deno.test("a table prints text of untrusted callers without moving the cursor, and cuts it", () => {
  const table = formatTable({
    columns: ["user_agent", "count"],
    rows: [{ user_agent: "\u001b[2Jclear\u202Eabc\n", count: "12" }, {
      user_agent: "x".repeat(90),
      count: null,
    }],
  });
  assert.deepEqual(table.split("\n"), [
    `user_agent${" ".repeat(38)}  count`,
    `${"-".repeat(48)}  -----`,
    `·[2Jclear·abc·${" ".repeat(34)}     12`,
    `${"x".repeat(47)}…`,
    "(2 rows)",
  ]);
});
