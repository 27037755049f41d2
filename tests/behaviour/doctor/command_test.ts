import assert from "node:assert/strict";
import { SEED_USERS } from "../../../local/platform/seed_users.ts";
import { CHECK_IDS, type Finding } from "../../../tools/doctor/finding.ts";
import type { TaskResult } from "../audits/run_task.ts";
import { openDoctorFixture } from "./fixture.ts";

const fixture = await openDoctorFixture();
Deno.test.afterAll(() => fixture.close());

const { baseUrl, stack } = fixture;
const PROJECT = new URL("../../..", import.meta.url).pathname;
const ACCOUNT = { DOCTOR_EMAIL: SEED_USERS.ada.email, DOCTOR_PASSWORD: SEED_USERS.ada.password };

const { tasks } = JSON.parse(await Deno.readTextFile(`${PROJECT}deno.json`));

/** With the permissions that the task gives it. */
function spawnDoctor(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: [...tasks.doctor.split(" ").slice(1), ...args],
    cwd: PROJECT,
    env: { NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1", ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

async function runDoctor(...[args, env]: Parameters<typeof spawnDoctor>): Promise<TaskResult> {
  const { code, stdout, stderr } = await spawnDoctor(args, env).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

Deno.test("doctor prints a line for each check and what to do, and exits with 0 when nothing failed", async () => {
  const { code, stdout, stderr } = await runDoctor([
    baseUrl,
    `--app-origin=${baseUrl}`,
    `--publishable-key=${stack.keys.publishable}`,
    `--remote=${stack.database.url}`,
  ], ACCOUNT);
  assert.equal(code, 0, stdout + stderr);
  assert.equal(stderr, "");
  for (const check of CHECK_IDS) assert.match(stdout, new RegExp(`^ok {10,}${check} `, "m"));
  assert.match(stdout, new RegExp(`\\n${CHECK_IDS.length} ok\\n$`));
  assert.equal(await fixture.countLiveSessions(), 0);
});

Deno.test("doctor says what failed and what was not checked, and exits with 1", async () => {
  const { code, stdout } = await runDoctor([baseUrl, "--app-origin=https://app.example.com"]);
  assert.equal(code, 1);
  assert.match(stdout, /^FAILED +cookie_party +.*two sites.*\n +→ Make the cookies first-party/m);
  assert.match(stdout, /^not checked +migrations +No database was named\.\n +→ Say --remote=/m);
  assert.match(stdout, /\n2 failed, 7 ok, 9 not checked\n$/);
});

Deno.test("doctor --json says the same to a program", async () => {
  const { code, stdout } = await runDoctor(
    [baseUrl, "--json", `--app-origin=${baseUrl}/`],
    ACCOUNT,
  );
  assert.equal(code, 0);
  const report = JSON.parse(stdout);
  assert.equal(report.ok, true);
  assert.equal(report.functions_url, `${baseUrl}/functions/v1`);
  assert.equal(report.app_origin, baseUrl);
  const findings: readonly Finding[] = report.findings;
  assert.deepEqual(findings.map(({ check }) => check), CHECK_IDS);
  for (const finding of findings) {
    assert.deepEqual(Object.keys(finding).sort(), ["check", "message", "remedy", "result"]);
  }
});

Deno.test("doctor prints no token and no password, not even those of a proxy that breaks them", async () => {
  const seen: string[] = [];
  const folding = {
    changeReply: (headers: Headers) => {
      const cookies = headers.getSetCookie();
      if (cookies.length === 0) return;
      for (const cookie of cookies) seen.push(/=([^;]*)/.exec(cookie)?.[1] ?? "");
      headers.set("set-cookie", cookies.join(", "));
    },
  };
  const findings = await fixture.runChecks(folding);
  const printed = JSON.stringify(findings);
  const secrets = [...seen.filter((value) => value !== ""), SEED_USERS.ada.password];
  assert.ok(secrets.length >= 5, "tokens were seen");
  for (const secret of secrets) {
    for (let at = 0; at + 12 <= secret.length; at += 12) {
      assert.equal(printed.includes(secret.slice(at, at + 12)), false);
    }
  }
  await fixture.runChecks(null);
});

Deno.test("an interrupted doctor still signs out", async () => {
  const validated = Promise.withResolvers<void>();
  const interrupted = Promise.withResolvers<void>();
  fixture.setBreak({
    // The doctor is signed in, and waits for this answer until it is interrupted.
    answer: async (request) => {
      if (!request.headers.has("cookie")) return null;
      validated.resolve();
      await interrupted.promise;
      return null;
    },
  });
  const doctor = spawnDoctor([baseUrl, "--json"], ACCOUNT);
  const stdout = new Response(doctor.stdout).text();
  await validated.promise;
  assert.equal(await fixture.countLiveSessions(), 1);
  doctor.kill("SIGINT");
  // It says so once it has heard.
  assert.match(
    await new Response(doctor.stderr.pipeThrough(firstChunk(interrupted.resolve))).text(),
    /^doctor: interrupted/,
  );
  const { code } = await doctor.status;
  fixture.setBreak(null);

  const findings: readonly Finding[] = JSON.parse(await stdout).findings;
  const resultOf = (id: string) => findings.find(({ check }) => check === id)?.result;
  assert.equal(code, 0);
  assert.equal(resultOf("clock_skew"), "not_checked");
  assert.equal(resultOf("sign_out"), "ok");
  assert.equal(await fixture.countLiveSessions(), 0);
});

function firstChunk(seen: () => void): TransformStream<Uint8Array<ArrayBuffer>> {
  return new TransformStream({
    transform(chunk, controller) {
      seen();
      controller.enqueue(chunk);
    },
  });
}

Deno.test("a password as an argument, half an account and what is no address are misuse: exit code 2", async () => {
  for (
    const [args, env, message] of [
      [[], {}, /^doctor: one base URL is needed\n/],
      [[baseUrl, "https://two.example"], {}, /one base URL/],
      [["app.example.com"], {}, /the base URL must start with https:/],
      [[baseUrl, "--app-origin=https://app.example.com/path"], {}, /--app-origin must be a scheme/],
      [[baseUrl, "--app-origin=*"], {}, /--app-origin must be a scheme/],
      [[baseUrl, "--password=secret"], {}, /set DOCTOR_PASSWORD/],
      [[baseUrl, "--email=ada@example.com"], {}, /belong together/],
      [[baseUrl], { DOCTOR_PASSWORD: "secret" }, /belong together/],
      [[baseUrl, "--remote=mysql://x"], {}, /the database must be a URL/],
      [[baseUrl, "--colour"], {}, /Unknown option '--colour'/],
    ] as const
  ) {
    const { code, stdout, stderr } = await runDoctor([...args], env);
    assert.equal(code, 2, stderr);
    assert.equal(stdout, "");
    assert.match(stderr, message);
    assert.equal(stderr.includes("secret"), false);
  }
});
