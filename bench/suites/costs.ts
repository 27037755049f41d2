/**
 * What a request costs: our own functions beside the floor and beside their peers, in one run.
 *
 * @module
 */

import type { Figures } from "../measure.ts";
import { medians, ratio } from "../results.ts";
import type { Bar, Suite } from "../suite.ts";
import { drawChart } from "../report/chart.ts";
import { reportCosts } from "../report/costs.ts";
import { betterAuth } from "./better_auth.ts";
import { expressSession } from "./express_session.ts";
import { hello, rotateAndSign, rpcValidate, select } from "./floor.ts";
import { type Operation, ours } from "./ours.ts";
import { pgbench } from "./pgbench.ts";
import { sameRate, type SameRatePeer } from "./same_rate.ts";

const EVERY_OPERATION: readonly Operation[] = [
  "validate",
  "first-validate",
  "refresh",
  "auto-refresh",
  "logout",
];

/** At 64 on two cores a latency is the length of the queue: rates tell enough. */
const PACED_CONNECTIONS = [1, 16];

/** A bar on requests a second at 16 connections. */
function rateBar(
  statement: string,
  { of, to, atLeast }: { readonly of: string; readonly to: string; readonly atLeast: number },
): Bar {
  return {
    statement,
    limit: { atLeast },
    value: (figures) => ratio(figures, { of, to, metric: "requestsPerSecond" }),
  };
}

/** A bar on how many times longer the one takes. */
function latencyBar(
  statement: string,
  { of, to, metric, atMost }: {
    readonly of: string;
    readonly to: string;
    readonly metric: string;
    readonly atMost: number;
  },
): Bar {
  return {
    statement,
    limit: { atMost },
    value: (figures: Figures) => ratio(figures, { of, to, metric }),
  };
}

const DIRECT = "ours/direct/ES256/p1";
const RPC = "ours/rpc/ES256/p1";
interface Peer {
  readonly name: string;
  readonly row: string;
  readonly times: number;
  readonly sameRateAs: SameRatePeer;
}

const PEERS: readonly Peer[] = [
  {
    name: "better-auth without cookie cache",
    row: "better-auth/no-cache/get-session",
    times: 10,
    sameRateAs: "better-auth-no-cache",
  },
  {
    name: "better-auth with cookie cache",
    row: "better-auth/cookie-cache/get-session",
    times: 6,
    sameRateAs: "better-auth-cookie-cache",
  },
  {
    name: "express-session, no touch",
    row: "express-session/no-touch/session",
    times: 4,
    sameRateAs: "express-session-no-touch",
  },
];

export const costs: Suite = {
  name: "costs",
  cases: [
    hello,
    pgbench("select"),
    pgbench("validate"),
    select,
    ours({
      store: "direct",
      operations: EVERY_OPERATION,
      pacedConnections: PACED_CONNECTIONS,
    }),
    // A login is a check of the password, with each store alike: one of them is enough.
    ours({
      store: "rpc",
      operations: [...EVERY_OPERATION, "login"],
      pacedConnections: PACED_CONNECTIONS,
    }),
    rpcValidate,
    ours({
      store: "direct",
      functionName: "validate-session",
      operations: ["validate-session"],
      pacedConnections: PACED_CONNECTIONS,
    }),
    ours({
      store: "rpc",
      functionName: "validate-session",
      operations: ["validate-session"],
      pacedConnections: PACED_CONNECTIONS,
    }),
    betterAuth({ cookieCache: false }),
    betterAuth({ cookieCache: true }),
    expressSession({ touch: false }),
    expressSession({ touch: true }),
    sameRate,
    pgbench("rotate"),
    rotateAndSign({ way: "direct", algorithm: "HS256" }),
    ours({ store: "direct", algorithm: "HS256", operations: ["refresh"], connections: [16] }),
    rotateAndSign({ way: "direct", algorithm: "ES256" }),
    rotateAndSign({ way: "rpc", algorithm: "ES256" }),
    rotateAndSign({ way: "rpc", algorithm: "HS256" }),
    ours({ store: "rpc", algorithm: "HS256", operations: ["refresh"], connections: [16] }),
    ours({
      store: "direct",
      processes: 2,
      operations: ["validate", "refresh", "auto-refresh", "logout"],
      connections: [16, 64],
      pacedConnections: [16],
    }),
    ours({
      store: "rpc",
      processes: 2,
      operations: ["validate", "refresh", "auto-refresh", "logout"],
      connections: [16, 64],
      pacedConnections: [16],
    }),
  ],
  bars: [
    rateBar("validate (direct) to `Deno.serve` + one `select`, 16 connections", {
      of: `${DIRECT}/validate/c16`,
      to: "floor/select/c16",
      atLeast: 0.75,
    }),
    rateBar("validate (rpc) to a bare handler with one `.rpc()`, 16 connections", {
      of: `${RPC}/validate/c16`,
      to: "floor/rpc-validate/c16",
      atLeast: 0.7,
    }),
    latencyBar("p50 of validate (rpc) to that of the bare handler, 1 connection", {
      of: `${RPC}/validate/c1`,
      to: "floor/rpc-validate/c1",
      metric: "closedP50Ms",
      atMost: 1.4,
    }),
    ...PEERS.flatMap(({ name, row, times, sameRateAs }) => [
      rateBar(`validate (direct) to ${name}, 16 connections`, {
        of: `${DIRECT}/validate/c16`,
        to: `${row}/c16`,
        atLeast: times,
      }),
      latencyBar(`p99 of validate (direct) to that of ${name}, 16 connections, same rate`, {
        of: `same-rate/${sameRateAs}/ours/c16`,
        to: `same-rate/${sameRateAs}/peer/c16`,
        metric: "openP99Ms",
        atMost: 1,
      }),
    ]),
    rateBar("refresh (direct, ES256) to rotation function + one signature, 16 connections", {
      of: `${DIRECT}/refresh/c16`,
      to: "floor/rotate/direct/ES256/c16",
      atLeast: 0.8,
    }),
    rateBar("refresh (rpc, ES256) to rotation function + one signature, 16 connections", {
      of: `${RPC}/refresh/c16`,
      to: "floor/rotate/rpc/ES256/c16",
      atLeast: 0.8,
    }),
    rateBar("refresh (direct, HS256) to rotation function + one signature, 16 connections", {
      of: "ours/direct/HS256/p1/refresh/c16",
      to: "floor/rotate/direct/HS256/c16",
      atLeast: 0.8,
    }),
    rateBar("refresh (rpc, HS256) to rotation function + one signature, 16 connections", {
      of: "ours/rpc/HS256/p1/refresh/c16",
      to: "floor/rotate/rpc/HS256/c16",
      atLeast: 0.8,
    }),
    rateBar("refresh (direct, HS256) to pgbench running the rotation function, 16 connections", {
      of: "ours/direct/HS256/p1/refresh/c16",
      to: "pgbench/rotate/c16",
      atLeast: 0.35,
    }),
  ],
  report: reportCosts,
  charts: (results) => ({ "performance.svg": drawChart(medians(results)) }),
};
