import assert from "node:assert/strict";
import { SEED_USERS } from "../../../local/platform/seed_users.ts";
import { openTestServer } from "../../../local/testing/test_server.ts";
import { run } from "../package/packed_client.ts";
import { openPlatforms, runProgram } from "./platform.ts";

const TSC = new URL("../../../node_modules/typescript/bin/tsc", import.meta.url).pathname;
const { email, password } = SEED_USERS.ada;

/** Access tokens of three seconds: two hours' life in four. */
const SHORT_LIVED = { SESSION_ACCESS_TTL_SECONDS: "3", SESSION_WINDOW_SECONDS: "1" };

Deno.test("a command line stays signed in from one run to the next", async (test) => {
  await using platforms = openPlatforms();
  const node = await platforms.install("node");
  const bun = await platforms.install("bun");
  await using server = await openTestServer();
  await using stack = await server.startStack({ environment: SHORT_LIVED });
  const authUrl = `${stack.functionsUrl}/unified-auth`;

  const runtimes: Readonly<Record<string, readonly string[]>> = {
    node: ["node"],
    bun: [await bun.binary("@oven", "bin/bun")],
    deno: [Deno.execPath(), "run", "--quiet", "--no-lock", "-A"],
  };

  /** A run of the program by each runtime, with a new session. */
  async function everywhere(
    args: string,
    expected: { readonly code?: number; readonly printed?: RegExp; readonly complained?: RegExp },
    environment: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    await Promise.all(
      Object.entries(runtimes).map(async ([name, runtime]) => {
        const env = {
          AUTH_URL: authUrl,
          EMAIL: email,
          PASSWORD: password,
          SESSION_FILE: `${name}.json`,
          ...environment,
        };
        const end = await runProgram([...runtime, "cli.js", ...args.split(" ")], {
          cwd: node.directory,
          env,
        });
        const { code = 0, printed = /^/, complained = /^$/ } = expected;
        const summary = `${name} ${args}: ${JSON.stringify(end)}`;
        assert.equal(end.code, code, summary);
        assert.match(end.printed, printed, summary);
        assert.match(end.complained, complained, summary);
      }),
    );
  }

  await test.step("nobody is signed in at first, and a wrong password is refused", async () => {
    await everywhere("whoami", { printed: /^signed-out nobody$/ });
    await everywhere("login", { code: 1, printed: /password/ }, { PASSWORD: "wrong" });
  });

  await test.step("the next run is signed in, by a file that only its owner reads", async () => {
    await everywhere("login", { printed: /^signed-in$/ });
    await everywhere("whoami", { printed: new RegExp(`^active ${email}$`) });
    const { mode } = await Deno.stat(`${node.directory}/node.json`);
    assert.equal((mode ?? 0) & 0o777, 0o600);
  });

  await test.step("an outage is no sign-out, and a fault of the program is no outage", async () => {
    const unreachable = { AUTH_URL: "http://127.0.0.1:1/unified-auth" };
    await everywhere("whoami", { printed: /^restoring nobody$/ }, unreachable);
    const faulty = { SESSION_FILE: "missing/session.json" };
    await everywhere("whoami", { printed: /^restoring nobody$/, complained: /ENOENT/ }, faulty);
    await everywhere("whoami", { printed: new RegExp(`^active ${email}$`) });
  });

  await test.step("a run two hours later refreshes, and keeps what it was given", async () => {
    const sql = stack.database.connect({ max: 1 });
    const generations = async () =>
      (await sql`select s.generation from public.sessions as s order by s.id`)
        .map(({ generation }) => Number(generation));
    const before = await generations();
    await new Promise((resolve) => setTimeout(resolve, 4_000));
    await everywhere(`get ${authUrl}/sessions`, { printed: /^200 .*"current":true/ });
    assert.ok(
      (await generations()).every((generation, index) => generation > (before[index] ?? NaN)),
    );
    await everywhere("whoami", { printed: new RegExp(`^active ${email}$`) });
  });

  await test.step("after signing out the next run is nobody, and calls nothing as nobody", async () => {
    await everywhere("logout", { printed: /^done$/ });
    await everywhere("whoami", { printed: /^signed-out nobody$/ });
    await everywhere("get http://127.0.0.1:1/", { code: 1, complained: /SessionEndedError/ });
  });

  await test.step("it compiles with the package's types and those of Node.js, without the browser's", async () => {
    const options = ["--strict", "--noEmit", "--checkJs", "--module", "nodenext"];
    const libraries = ["--target", "es2022", "--lib", "es2023", "--types", "node"];
    const entries = ["cache", "metrics", "server", "supabase"]
      .map((entry) => `export * from "@unified-auth/client/${entry}";\n`);
    await Deno.writeTextFile(`${node.directory}/entries.ts`, entries.join(""));
    await run("node", [TSC, ...options, ...libraries, "cli.js", "entries.ts"], node.directory);
  });
});
