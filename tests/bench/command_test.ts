import assert from "node:assert/strict";
import { findProgram } from "../../bench/find_program.ts";
import type { Results } from "../../bench/results.ts";
import { findOptionalProgram } from "../optional_program.ts";

const PROJECT = new URL("../..", import.meta.url).pathname;

const hasPgbench =
  await findOptionalProgram("pgbench", "PostgreSQL alone", findProgram) !== undefined;

/** Floors, a function of ours that reads and one that rotates, and PostgreSQL alone where its program is installed. */
const CASES = [
  "floor/select",
  "floor/rotate/direct/HS256",
  "ours/direct/HS256",
  "ours/direct/ES256/p1/validate-session",
  ...(hasPgbench ? ["pgbench/rotate"] : []),
];

Deno.test("a hasty run measures each case in processes of its own, with sane figures", async () => {
  const file = await Deno.makeTempFile({ suffix: ".json" });
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "task",
      "--quiet",
      "bench",
      "--quick",
      `--only=${CASES}`,
      `--results=${file}`,
    ],
    cwd: PROJECT,
    stdin: "null",
  }).output();
  const said = new TextDecoder().decode(stdout);
  assert.equal(code, 0, said + new TextDecoder().decode(stderr));
  const results: Results = JSON.parse(await Deno.readTextFile(file));
  await Deno.remove(file);

  assert.deepEqual(results.failures, {});
  assert.equal(results.rounds.length, 1);
  const [rows = {}] = results.rounds;
  assert.deepEqual(
    Object.keys(rows).toSorted(),
    [
      "floor/rotate/direct/HS256/c16",
      "floor/select/c16",
      "ours/direct/ES256/p1/validate-session/c16",
      "ours/direct/HS256/p1/refresh/c16",
      ...(hasPgbench ? ["pgbench/rotate/c16"] : []),
    ],
  );
  for (const [row, metrics] of Object.entries(rows)) {
    const of = (name: string) => metrics[name] ?? assert.fail(`${row} has no ${name}`);
    assert.ok(of("requestsPerSecond") > 0, row);
    if (row.startsWith("pgbench/")) continue;
    assert.ok(of("closedP50Ms") > 0 && of("closedP50Ms") <= of("closedP99Ms"), row);
    assert.ok(of("openP50Ms") > 0 && of("openP50Ms") <= of("openP99Ms"), JSON.stringify(metrics));
    assert.ok(of("openRatePerSecond") < of("requestsPerSecond"), row);
    // A core is a core, whatever else the machine does.
    assert.ok(of("generatorBusyShare") < 1.5, row);
  }
  // The verdict of a bar that was measured, and of one that was not.
  assert.match(said, /pgbench running the rotation function.*(?:yes|no|not measured)/);
  assert.match(said, /better-auth.*not measured/);
});
