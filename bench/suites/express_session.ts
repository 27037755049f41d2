/**
 * express-session with connect-pg-simple: the check of a session, which by default also moves its
 * expiry at every request (touch).
 *
 * @module
 */

import type { Bench } from "../bench.ts";
import { gatherCookies } from "../load/gather.ts";
import type { Visitor } from "../load/plan.ts";
import { idOf } from "../population.ts";
import { type ServerOptions, startServer } from "../server_process.ts";
import type { Case } from "../suite.ts";
import { type Contender, openVariant } from "../variant.ts";
import { connectionCounts, mergeRows } from "./rows.ts";

/** What the proxy in front would say, or there would be no secure cookie. */
const BEHIND_HTTPS = { "x-forwarded-proto": "https" };

const databases = new WeakMap<Bench, Promise<string>>();

export function expressSession({ touch }: { readonly touch: boolean }): Case {
  const name = `express-session/${touch ? "touch" : "no-touch"}`;
  return {
    name,
    async run(bench) {
      await using contender = await openExpressSession(bench, { touch });
      const { variant, load } = contender;
      return await mergeRows(
        connectionCounts(bench),
        (connections) => `${name}/session/c${connections}`,
        (connections) => variant.measure({ ...load, connections }),
      );
    },
  };
}

export async function openExpressSession(
  bench: Bench,
  { touch }: { readonly touch: boolean },
): Promise<Contender> {
  const databaseUrl = await databaseOf(bench);
  const server = serverOf({ databaseUrl, touch });
  const visitors = await bench.writeVisitors("express-session", () => signIn(bench, server));
  const variant = await openVariant(bench, { server });
  const request = { method: "GET", path: "/session", headers: BEHIND_HTTPS } as const;
  return {
    variant,
    load: { request, visitors },
    [Symbol.asyncDispose]: () => variant[Symbol.asyncDispose](),
  };
}

function serverOf(
  { databaseUrl, touch }: { readonly databaseUrl: string; readonly touch: boolean },
): ServerOptions {
  return {
    program: "bench/servers/express_session.ts",
    runs: "itself",
    environment: {
      DATABASE_URL: databaseUrl,
      PEER_SECRET: "a secret of the benchmark, which is long enough",
      DISABLE_TOUCH: String(!touch),
      NODE_ENV: "production",
    },
  };
}

function databaseOf(bench: Bench): Promise<string> {
  const url = databases.get(bench) ?? bench.createDatabase().then((database) => database.url);
  databases.set(bench, url);
  return url;
}

async function signIn(bench: Bench, options: ServerOptions): Promise<readonly Visitor[]> {
  await using server = await startServer(options);
  const people = Array.from({ length: bench.population.size }, (_, number): Visitor => {
    const id = idOf("person", number >> 1);
    return { cookies: {}, body: { id, email: `person-${id.slice(0, 13)}@example.com` } };
  });
  return await gatherCookies({
    visitors: people,
    target: server.url,
    request: { method: "POST", path: "/login", headers: BEHIND_HTTPS },
  });
}
