/**
 * PostgreSQL alone: pgbench running the very statements, over as many connections as ask the functions.
 *
 * @module
 */

import { requirePgbench } from "../find_program.ts";
import type { Bench } from "../bench.ts";
import type { Metrics } from "../measure.ts";
import { rotationSql } from "../servers/rotation_call.ts";
import type { Case } from "../suite.ts";
import { connectionCounts, mergeRows } from "./rows.ts";

const SESSION = "md5('session ' || :n)::uuid";

/** It takes whole seconds, and connects within them. */
const FEWEST_SECONDS = 2;

/** The scripts, for a population of `size` sessions. */
const SCRIPTS = {
  select: `
    select s.id, s.user_id, s.is_valid, s.generation, s.branch, s.refresh_token_expires_at
    from public.sessions as s
    where s.id = ${SESSION};`,
  validate: `
    select answer.*
    from public.validate_session(
      ${SESSION}, 1, 0::smallint, true,
      row(3600, 2592000, 0, 60, 300, 1, 5, 300, 86400)::public.session_policy,
      row(null, 'bench', 'bench')::public.request_context
    ) as answer;`,
  // The row is read by the same statement: a client that holds no token knows no other way to its hash.
  rotate: `
    select answer.*
    from public.sessions as s,
      lateral ${
    rotationSql({
      sessionId: "s.id",
      generation: "s.generation",
      hash: "s.refresh_token_hash",
      lineage: "s.lineage",
      successorHash: "sha256(s.refresh_token_hash)",
      salt: "decode(repeat('00', 16), 'hex')",
    })
  } as answer
    where s.id = ${SESSION};`,
} as const;

/** Rows are named `pgbench/<script>/c<connections>`. */
export function pgbench(script: keyof typeof SCRIPTS): Case {
  return {
    name: `pgbench/${script}`,
    async run(bench) {
      const program = await requirePgbench();
      return await mergeRows(
        connectionCounts(bench, [16]),
        (connections) => `pgbench/${script}/c${connections}`,
        (connections) => runPgbench(bench, { program, script, connections }),
      );
    },
  };
}

async function runPgbench(
  bench: Bench,
  { program, script, connections }: {
    readonly program: string;
    readonly script: keyof typeof SCRIPTS;
    readonly connections: number;
  },
): Promise<Metrics> {
  await bench.population.restore();
  const file = await Deno.makeTempFile({ prefix: "unified-auth-pgbench-", suffix: ".sql" });
  const size = bench.population.size;
  await Deno.writeTextFile(file, `\\set n random(0, ${size - 1})${SCRIPTS[script]}\n`);
  const seconds = Math.max(FEWEST_SECONDS, Math.ceil(bench.seconds.closed));
  const { success, stdout, stderr } = await new Deno.Command(program, {
    args: [
      `--client=${connections}`,
      `--time=${seconds}`,
      `--file=${file}`,
      "--protocol=prepared",
      "--no-vacuum",
      bench.database.url,
    ],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  await Deno.remove(file);
  const said = new TextDecoder().decode(stdout);
  const requestsPerSecond = Number(/tps = ([\d.]+) \(without/.exec(said)?.[1]);
  const failed = Number(/number of failed transactions: (\d+)/.exec(said)?.[1] ?? 0);
  if (!success || !requestsPerSecond || failed > 0) {
    throw new TypeError(`Cannot use pgbench: ${said}${new TextDecoder().decode(stderr)}`);
  }
  return {
    requestsPerSecond,
    closedMeanMs: Number(/latency average = ([\d.]+) ms/.exec(said)?.[1]),
  };
}
