import assert from "node:assert/strict";
import { findProgram } from "../../bench/find_program.ts";
import type { Results } from "../../bench/results.ts";
import { findOptionalProgram } from "../optional_program.ts";

const hasPgbench = await findOptionalProgram(
  "pgbench",
  "the growth study, but what it says without",
  findProgram,
) !==
  undefined;

Deno.test("the growth study runs from end to end on few sessions, and every figure of it is one", async () => {
  const file = await Deno.makeTempFile({ suffix: ".json" });
  try {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "bench/main.ts", "--quick", "--only=growth", `--results=${file}`],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).output();
    const said = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    if (!hasPgbench) {
      assert.match(said, /could not be measured: growth: .*pgbench is not installed/);
      return;
    }
    assert.equal(code, 0, said);
    const { once, rounds: [round = {}], failures }: Results = JSON.parse(
      await Deno.readTextFile(file),
    );
    assert.deepEqual(failures, {});
    for (const [row, metrics] of Object.entries({ ...once, ...round })) {
      for (const [metric, value] of Object.entries(metrics)) {
        assert.ok(Number.isFinite(value), `${row} ${metric}: ${value}`);
      }
    }
    const { "growth/purge": purge, "growth/logins": logins, "growth/rotations": rotations } = once;
    assert.equal(purge?.["sessions"], 1_000);
    assert.deepEqual([logins?.["evicted"], logins?.["mostSessionsOfOneUser"]], [100, 5]);
    assert.ok((rotations?.["hotShare"] ?? 0) > 0.5, JSON.stringify(rotations));
    for (const by of ["pgbench", "functions"]) {
      for (const operation of ["validate", "refresh"]) {
        assert.ok(round[`growth/${operation}/10k/${by}/c16`], `${operation} by ${by}`);
      }
    }
  } finally {
    await Deno.remove(file);
  }
});
