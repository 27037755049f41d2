/**
 * The floor: what the machine, Deno, PostgreSQL and one signature cost before any session is thought of.
 *
 * @module
 */

import type { Bench } from "../bench.ts";
import type { Figures } from "../measure.ts";
import { type Algorithm, hs256Key } from "../ours.ts";
import type { ServerOptions } from "../server_process.ts";
import type { Case } from "../suite.ts";
import { openVariant } from "../variant.ts";
import { connectionCounts, mergeRows } from "./rows.ts";

/** One request of a floor. Its server shows the cookies of `population.floor`. */
interface FloorRequest {
  readonly row: string;
  readonly server: (environment: Readonly<Record<string, string>>) => ServerOptions;
  readonly needsDoors?: boolean;
  /** It rotates: its cookie must change, and the sessions are put back before each load. */
  readonly rotates?: boolean;
  readonly connections?: readonly number[];
  /** Without an open load. @default {false} */
  readonly ratesOnly?: boolean;
}

export const hello: Case = {
  name: "floor/hello",
  run: (bench) =>
    measureFloor(bench, {
      row: "floor/hello",
      ratesOnly: true, // so fast that at half of its rate the generator itself would be late
      server: () => ({ program: "bench/servers/hello.ts" }),
    }),
};

export const select: Case = {
  name: "floor/select",
  run: (bench) =>
    measureFloor(bench, {
      row: "floor/select",
      server: () => ({
        program: "bench/servers/select_by_primary_key.ts",
        environment: { DATABASE_URL: bench.database.url },
      }),
    }),
};

export const rpcValidate: Case = {
  name: "floor/rpc-validate",
  run: (bench) =>
    measureFloor(bench, {
      row: "floor/rpc-validate",
      needsDoors: true,
      server: (environment) => ({ program: "bench/servers/rpc_validate.ts", environment }),
    }),
};

/** The rotation function and one signature, by either way to the database. */
export function rotateAndSign(
  { way, algorithm }: { readonly way: "rpc" | "direct"; readonly algorithm: Algorithm },
): Case {
  const name = `floor/rotate/${way}/${algorithm}`;
  return {
    name,
    run: (bench) =>
      measureFloor(bench, {
        row: name,
        needsDoors: way === "rpc",
        rotates: true,
        connections: [16],
        server: (environment) => ({
          program: `bench/servers/rotate_by_${way === "rpc" ? "rpc" : "sql"}.ts`,
          environment: {
            ...environment,
            DATABASE_URL: bench.database.url,
            SESSION_SIGNING_KEYS: algorithm === "HS256"
              ? hs256Key(bench.secrets.sessions.SESSION_SECRET)
              : bench.secrets.sessions.SESSION_SIGNING_KEYS,
          },
        }),
      }),
  };
}

async function measureFloor(bench: Bench, request: FloorRequest): Promise<Figures> {
  const { population } = bench;
  const visitors = await bench.writeVisitors("floor", () => population.floor);
  await population.restore();
  const doors = request.needsDoors ? await bench.startDoors() : undefined;
  try {
    await using variant = await openVariant(bench, {
      server: request.server(doors?.environment ?? {}),
      ...(doors ? { doors } : {}),
    });
    return await mergeRows(
      connectionCounts(bench, request.connections),
      (connections) => `${request.row}/c${connections}`,
      (connections) =>
        variant.measure({
          request: { method: "GET", path: "/" },
          visitors,
          connections,
          ...(request.ratesOnly ? { seconds: { ...bench.seconds, open: 0 } } : {}),
          ...(request.rotates
            ? { follow: ["floor"], mustChange: "floor", restore: population.restore }
            : {}),
        }),
    );
  } finally {
    await doors?.[Symbol.asyncDispose]();
  }
}
