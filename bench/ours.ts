/**
 * Our own functions as a variant: with which store, which algorithm, how many processes; and the
 * visitors that they have given cookies to.
 *
 * @module
 */

import type { Bench } from "./bench.ts";
import type { Doors } from "./doors_process.ts";
import type { Visitor } from "./load/plan.ts";
import { gatherCookies } from "./load/gather.ts";
import { ACCESS_COOKIE } from "../tests/http/browser.ts";
import { USER_AGENT } from "./population.ts";
import { startServer } from "./server_process.ts";
import { openVariant, type Variant } from "./variant.ts";

export type Store = "rpc" | "direct";
export type Algorithm = "ES256" | "HS256";

export interface OursOptions {
  readonly store: Store;
  readonly algorithm?: Algorithm;
  readonly processes?: number;
  /** @default {"unified-auth"} */
  readonly functionName?: "unified-auth" | "validate-session";
}

/** With the doors that its `rpc` store and its logins need. */
export async function openOurs(bench: Bench, options: OursOptions): Promise<Variant> {
  const { store, algorithm = "ES256", processes = 1, functionName = "unified-auth" } = options;
  const doors = await bench.startDoors();
  const variant = await openVariant(bench, {
    processes,
    doors,
    server: {
      program: `supabase/functions/${functionName}/index.ts`,
      environment: oursEnvironment(bench, { doors, store, algorithm }),
    },
  });
  return {
    ...variant,
    async [Symbol.asyncDispose]() {
      await variant[Symbol.asyncDispose]();
      await doors[Symbol.asyncDispose]();
    },
  };
}

/**
 * What a project's functions get. The window is as short as it may be: within it a browser is given the
 * same refresh token again, and a refresh is to be a rotation.
 */
function oursEnvironment(
  { database, secrets }: Bench,
  { doors, store, algorithm }: {
    readonly doors: Doors;
    readonly store: Store;
    readonly algorithm: Algorithm;
  },
): Readonly<Record<string, string>> {
  return {
    ...doors.environment,
    ...(algorithm === "HS256"
      ? { SESSION_SIGNING_KEYS: hs256Key(secrets.sessions.SESSION_SECRET) }
      : {}),
    ...(store === "direct"
      ? { SESSION_STORE: "postgres", SUPABASE_DB_URL: database.url }
      : { SESSION_STORE: "rpc" }),
    SESSION_WINDOW_SECONDS: "1",
  };
}

/** A secret of 32 bytes that stays the same for the whole run. */
export function hs256Key(seed: string): string {
  return JSON.stringify({ kty: "oct", alg: "HS256", kid: "bench", k: seed.slice(0, 43) });
}

/** Visitors whose access token is good for an hour, or has expired. */
export async function oursVisitors(
  bench: Bench,
  { algorithm = "ES256", token }: {
    readonly algorithm?: Algorithm;
    readonly token: "live" | "expired";
  },
): Promise<string> {
  return await bench.writeVisitors(
    `${token}-${algorithm}`,
    () => gather(bench, { algorithm, token }),
  );
}

/** Few enough that a warm-up shows each to the processes, many enough that no one session is hot. */
export const KNOWN_VISITORS = 1_000;

/** Visitors whose live access token the processes have met once the warm-up is over, or never. */
export async function validatingVisitors(
  bench: Bench,
  { algorithm, tokens }: { readonly algorithm: Algorithm; readonly tokens: "known" | "new" },
): Promise<string> {
  const all = await oursVisitors(bench, { algorithm, token: "live" });
  return await bench.writeVisitors(`${tokens}-${algorithm}`, async () => {
    const visitors: readonly Visitor[] = JSON.parse(await Deno.readTextFile(all));
    const known = Math.min(KNOWN_VISITORS, visitors.length / 2);
    return tokens === "known" ? visitors.slice(0, known) : visitors.slice(known);
  });
}

const SHORTEST_ACCESS_TTL_SECONDS = 2;

async function gather(
  bench: Bench,
  { algorithm, token }: { readonly algorithm: Algorithm; readonly token: "live" | "expired" },
): Promise<readonly Visitor[]> {
  const { population } = bench;
  await population.restore();
  await using doors = await bench.startDoors();
  await using server = await startServer({
    program: "supabase/functions/unified-auth/index.ts",
    environment: {
      ...oursEnvironment(bench, { doors, store: "direct", algorithm }),
      ...(token === "expired"
        ? { SESSION_ACCESS_TTL_SECONDS: String(SHORTEST_ACCESS_TTL_SECONDS) }
        : {}),
    },
  });
  await population.rejuvenate();
  const visitors = await gatherCookies({
    visitors: population.refreshOnly,
    target: server.url,
    request: {
      method: "POST",
      path: "/unified-auth/refresh",
      headers: { "user-agent": USER_AGENT },
    },
  });
  if (visitors.some(({ cookies }) => !cookies[ACCESS_COOKIE])) {
    throw new TypeError("Cannot gather cookies: an answer had no access cookie");
  }
  if (token === "expired") await waitSeconds(SHORTEST_ACCESS_TTL_SECONDS);
  return visitors;
}

/** Nothing tells when a token has expired but the time that it was given. */
async function waitSeconds(seconds: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}
