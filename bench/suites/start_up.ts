/**
 * What a cold start costs: from the start of a process to its first answer, and how much there is to
 * load. Modules are in Deno's cache, as the platform has them in its own.
 *
 * @module
 */

import type { Bench } from "../bench.ts";
import { measureBundle, measureWholePackages, PLATFORM_LIMIT_BYTES } from "../bundle_size.ts";
import { openHttpConnection } from "../load/http_connection.ts";
import type { Figures } from "../measure.ts";
import { readCpuMs } from "../process_cpu.ts";
import { reportStartUp } from "../report/start_up.ts";
import { median } from "../results.ts";
import { type ServerOptions, startServer } from "../server_process.ts";
import type { Bar, Case, Suite } from "../suite.ts";

/** Of each in a round, in turn. */
const STARTS = 3;

interface Starter {
  readonly row: string;
  readonly server: ServerOptions;
  /** Answered without a look at the database. */
  readonly path: string;
}

const coldStart: Case = {
  name: "start-up/first-answer",
  async run(bench) {
    await using doors = await bench.startDoors();
    const direct = { ...doors.environment, SESSION_STORE: "postgres" };
    const starters: readonly Starter[] = [
      { row: "hello", server: { program: "bench/servers/hello.ts" }, path: "/" },
      ...([["rpc", doors.environment], ["direct", direct]] as const).flatMap(
        ([store, environment]) => [
          {
            row: `unified-auth/${store}`,
            server: { program: "supabase/functions/unified-auth/index.ts", environment },
            path: "/unified-auth/.well-known/jwks.json",
          },
          {
            row: `validate-session/${store}`,
            server: { program: "supabase/functions/validate-session/index.ts", environment },
            path: "/validate-session",
          },
        ],
      ),
    ];
    return await measureStarts(bench, starters);
  },
};

async function measureStarts(
  { isQuick }: Bench,
  starters: readonly Starter[],
): Promise<Figures> {
  const starts = starters.map(({ row }) => ({
    row,
    wallMs: [] as number[],
    cpuMs: [] as number[],
  }));
  for (let turn = 0; turn < (isQuick ? 1 : STARTS); turn += 1) {
    for (const [index, starter] of starters.entries()) {
      const { wallMs, cpuMs } = await startOnce(starter);
      starts[index]?.wallMs.push(wallMs);
      starts[index]?.cpuMs.push(cpuMs);
    }
  }
  return Object.fromEntries(starts.map(({ row, wallMs, cpuMs }) => [
    `start-up/${row}`,
    {
      firstAnswerMs: median(wallMs) ?? NaN,
      fastestMs: Math.min(...wallMs),
      slowestMs: Math.max(...wallMs),
      cpuMs: median(cpuMs) ?? NaN,
    },
  ]));
}

async function startOnce(
  { server, path }: Starter,
): Promise<{ readonly wallMs: number; readonly cpuMs: number }> {
  const startedAtMs = performance.now();
  await using process = await startServer(server);
  const connection = await openHttpConnection(process.url);
  const request = `GET ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n`;
  const { status } = await connection.exchange(new TextEncoder().encode(request));
  const wallMs = performance.now() - startedAtMs;
  connection.close();
  if (status !== 200 && status !== 401) throw new TypeError(`${path} answered ${status}`);
  return { wallMs, cpuMs: readCpuMs([process.pid]) };
}

const bundles: Case = {
  name: "start-up/bundle",
  runs: "once",
  async run() {
    const rows: Record<string, Figures[string]> = {};
    for (const name of ["unified-auth", "validate-session"]) {
      const bundle = await measureBundle(name);
      const whole = await measureWholePackages(bundle);
      rows[`start-up/bundle/${name}`] = {
        bytes: bundle.bytes,
        gzipBytes: bundle.gzipBytes,
        wholePackagesBytes: whole.bytes,
        wholePackagesGzipBytes: whole.gzipBytes,
      };
    }
    return { once: rows, rounds: [] };
  },
};

function bundleBar(functionName: string): Bar {
  return {
    statement: `bundle of \`${functionName}\` to the platform's limit of 5 MB`,
    limit: { atMost: 1 },
    value(figures) {
      const bytes = figures[`start-up/bundle/${functionName}`]?.["bytes"];
      return bytes === undefined ? undefined : bytes / PLATFORM_LIMIT_BYTES;
    },
  };
}

export const startUp: Suite = {
  name: "start-up",
  cases: [coldStart, bundles],
  bars: [bundleBar("unified-auth"), bundleBar("validate-session")],
  report: reportStartUp,
};
