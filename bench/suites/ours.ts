/**
 * Our own functions: each operation, with each store, and more processes than one.
 *
 * @module
 */

import type { Bench } from "../bench.ts";
import type { Figures } from "../measure.ts";
import {
  type Algorithm,
  openOurs,
  type OursOptions,
  oursVisitors,
  validatingVisitors,
} from "../ours.ts";
import { ACCESS_COOKIE, REFRESH_COOKIE } from "../../tests/http/browser.ts";
import { USER_AGENT } from "../population.ts";
import type { Case } from "../suite.ts";
import type { Contender, Variant } from "../variant.ts";
import { connectionCounts, mergeRows } from "./rows.ts";

export type Operation =
  | "login"
  | "validate"
  | "first-validate"
  | "auto-refresh"
  | "refresh"
  | "validate-session"
  | "logout";

interface OursCase extends OursOptions {
  readonly operations: readonly Operation[];
  /** @default {1, 16 and 64} */
  readonly connections?: readonly number[];
  /** With how many it is asked for latencies too, and not for rates alone. @default {with each} */
  readonly pacedConnections?: readonly number[];
}

/** Rows are named `ours/<store>/<algorithm>/p<processes>/<operation>/c<connections>`. */
export function ours(options: OursCase): Case {
  const { store, algorithm = "ES256", processes = 1, functionName, operations } = options;
  const isPaced = (connections: number) => options.pacedConnections?.includes(connections) ?? true;
  const name = `ours/${store}/${algorithm}/p${processes}`;
  return {
    name: functionName === "validate-session" ? `${name}/validate-session` : name,
    async run(bench) {
      // What the cookies are gathered with must have ended before anything is measured.
      await oursVisitors(bench, { algorithm, token: "live" });
      if (operations.includes("auto-refresh")) {
        await oursVisitors(bench, { algorithm, token: "expired" });
      }
      await bench.population.restore();
      await using variant = await openOurs(bench, options);
      const rows: Figures[] = [];
      for (const operation of operations) {
        rows.push(
          await mergeRows(
            connectionCounts(bench, connectionsOf(operation, options.connections)),
            (connections) => `${name}/${operation}/c${connections}`,
            (connections) =>
              measureOperation(bench, {
                variant,
                operation,
                connections,
                algorithm,
                ratesOnly: !isPaced(connections),
              }),
          ),
        );
      }
      return Object.assign({}, ...rows);
    },
  };
}

/** A validate of live tokens, to be compared. */
export async function openValidate(bench: Bench): Promise<Contender> {
  const visitors = await validatingVisitors(bench, { algorithm: "ES256", tokens: "known" });
  await bench.population.restore();
  const variant = await openOurs(bench, { store: "direct" });
  const headers = { "user-agent": USER_AGENT };
  return {
    variant,
    load: { request: { method: "POST", path: "/unified-auth/validate", headers }, visitors },
    [Symbol.asyncDispose]: () => variant[Symbol.asyncDispose](),
  };
}

interface OperationLoad {
  readonly variant: Variant;
  readonly operation: Operation;
  readonly connections: number;
  readonly algorithm: Algorithm;
  readonly ratesOnly: boolean;
}

async function measureOperation(
  bench: Bench,
  { variant, operation, connections, algorithm, ratesOnly }: OperationLoad,
): ReturnType<Variant["measure"]> {
  const { population } = bench;
  const headers = { "user-agent": USER_AGENT };
  const live = await oursVisitors(bench, { algorithm, token: "live" });
  const asking = {
    connections,
    ...(ratesOnly ? { seconds: { ...bench.seconds, open: 0 } } : {}),
  };
  const changing = { ...asking, restore: population.restore };
  const post = (path: string) => ({ method: "POST", path, headers }) as const;
  switch (operation) {
    case "validate":
      return await variant.measure({
        ...asking,
        request: post("/unified-auth/validate"),
        visitors: await validatingVisitors(bench, { algorithm, tokens: "known" }),
      });
    case "first-validate":
      // Each token once, to processes that have never met it: they check its signature.
      return await variant.measure({
        ...asking,
        request: post("/unified-auth/validate"),
        visitors: await validatingVisitors(bench, { algorithm, tokens: "new" }),
        consumes: true,
        seconds: { ...bench.seconds, open: 0 },
      });
    case "validate-session":
      return await variant.measure({
        ...asking,
        request: { method: "GET", path: "/validate-session", headers },
        visitors: await validatingVisitors(bench, { algorithm, tokens: "known" }),
      });
    case "refresh":
      return await variant.measure({
        ...changing,
        request: post("/unified-auth/refresh"),
        visitors: live,
        follow: [ACCESS_COOKIE, REFRESH_COOKIE],
        mustChange: REFRESH_COOKIE,
      });
    case "auto-refresh":
      return await variant.measure({
        ...changing,
        request: post("/unified-auth/validate"),
        visitors: await oursVisitors(bench, { algorithm, token: "expired" }),
        // Not the access cookie: the next request of this visitor is to show an expired one again.
        follow: [REFRESH_COOKIE],
        mustChange: REFRESH_COOKIE,
      });
    case "logout":
      return await variant.measure({
        ...changing,
        request: { ...post("/unified-auth/logout"), body: { scope: "local" } },
        visitors: live,
        consumes: true,
      });
    case "login":
      return await variant.measure({
        ...changing,
        request: post("/unified-auth/login"),
        visitors: await bench.writeVisitors("logins", () => population.logins),
        mustChange: REFRESH_COOKIE,
        seconds: loginSeconds(bench),
      });
    default:
      return operation satisfies never;
  }
}

/**
 * A password check takes tens of milliseconds, and those under way at once end at once: it takes several
 * such waves to count them. Their latency is the password check's, so there is no open load.
 */
export function loginSeconds({ seconds, isQuick }: Bench): Bench["seconds"] {
  return { ...seconds, closed: isQuick ? seconds.closed : seconds.closed * 3, open: 0 };
}

/** With more at once a wave takes seconds; `growth/logins` has thousands. */
const LOGIN_CONNECTIONS = [16, 1];

function connectionsOf(
  operation: Operation,
  connections: readonly number[] | undefined,
): readonly number[] | undefined {
  switch (operation) {
    case "first-validate":
      return [16];
    case "login":
      return LOGIN_CONNECTIONS;
    default:
      return connections;
  }
}
