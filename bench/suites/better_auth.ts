/**
 * better-auth: `get-session`, sign-in and sign-out, with as many people and sessions as ours.
 *
 * @module
 */

import { createHmac, randomUUID } from "node:crypto";
import type { Bench } from "../bench.ts";
import { gatherCookies } from "../load/gather.ts";
import type { Visitor } from "../load/plan.ts";
import { KNOWN_VISITORS } from "../ours.ts";
import { idOf, PASSWORD } from "../population.ts";
import { type ServerOptions, startServer } from "../server_process.ts";
import type { Case } from "../suite.ts";
import { type Contender, openVariant } from "../variant.ts";
import { loginSeconds } from "./ours.ts";
import { connectionCounts, mergeRows } from "./rows.ts";

const SECRET = "a secret of the benchmark, which is long enough";
const ORIGIN = "https://app.example.com";
const TOKEN_COOKIE = "__Secure-better-auth.session_token";
const GET_SESSION = { method: "GET", path: "/api/auth/get-session" } as const;

const worlds = new WeakMap<Bench, Promise<World>>();

/** Its database, made once a run. */
interface World {
  readonly databaseUrl: string;
  readonly signedIn: readonly Visitor[];
  readonly logins: readonly Visitor[];
  restore(): Promise<void>;
}

export function betterAuth({ cookieCache }: { readonly cookieCache: boolean }): Case {
  const name = `better-auth/${cookieCache ? "cookie-cache" : "no-cache"}`;
  return {
    name,
    async run(bench) {
      const world = await worldOf(bench);
      await using contender = await openBetterAuth(bench, { cookieCache });
      const { variant, load } = contender;
      const checks = await mergeRows(
        connectionCounts(bench),
        (connections) => `${name}/get-session/c${connections}`,
        (connections) => variant.measure({ ...load, connections }),
      );
      if (cookieCache) return checks;
      const logins = await bench.writeVisitors("better-auth-logins", () => world.logins);
      return {
        ...checks,
        [`${name}/sign-in/c16`]: await variant.measure({
          request: post("/api/auth/sign-in/email"),
          visitors: logins,
          connections: 16,
          mustChange: TOKEN_COOKIE,
          seconds: loginSeconds(bench),
        }),
        [`${name}/sign-out/c16`]: await variant.measure({
          request: { ...post("/api/auth/sign-out"), body: {} },
          visitors: load.visitors,
          connections: 16,
          consumes: true,
          restore: world.restore,
        }),
      };
    },
  };
}

export async function openBetterAuth(
  bench: Bench,
  { cookieCache }: { readonly cookieCache: boolean },
): Promise<Contender> {
  const world = await worldOf(bench);
  await world.restore();
  const server = serverOf({ databaseUrl: world.databaseUrl, cookieCache });
  const variant = await openVariant(bench, { server });
  const dispose = () => variant[Symbol.asyncDispose]();
  try {
    const target = variant.servers[0]?.url ?? "";
    const visitors = cookieCache
      ? await bench.writeVisitors(
        `better-auth/cookie-cache/${randomUUID()}`, // a cookie answers for five minutes, a run takes 20
        () =>
          gatherCookies({
            visitors: world.signedIn.slice(0, KNOWN_VISITORS),
            target,
            request: GET_SESSION,
          }),
      )
      : await bench.writeVisitors("better-auth/no-cache", () => world.signedIn);
    return { variant, load: { request: GET_SESSION, visitors }, [Symbol.asyncDispose]: dispose };
  } catch (thrown) {
    await dispose();
    throw thrown;
  }
}

function post(path: string) {
  return { method: "POST", path, headers: { origin: ORIGIN } } as const;
}

function serverOf(
  { databaseUrl, cookieCache }: { readonly databaseUrl: string; readonly cookieCache: boolean },
): ServerOptions {
  return {
    program: "bench/servers/better_auth.ts",
    environment: {
      DATABASE_URL: databaseUrl,
      PEER_SECRET: SECRET,
      COOKIE_CACHE: String(cookieCache),
      NODE_ENV: "production",
    },
  };
}

function worldOf(bench: Bench): Promise<World> {
  const world = worlds.get(bench) ?? createWorld(bench);
  worlds.set(bench, world);
  return world;
}

async function createWorld(bench: Bench): Promise<World> {
  const database = await bench.createDatabase();
  const sql = database.connect({ max: 1 });
  await signUpOnce(database.url);
  const [account] = await sql`select password from account`;
  const size = bench.population.size;
  const people = Array.from({ length: size / 2 }, (_, number) => idOf("person", number));
  const emailOf = (id: string) => `person-${id.slice(0, 13)}@example.com`;
  const tokenOf = (number: number) => idOf("session", number).replaceAll("-", "");

  await sql`
    insert into "user" (id, name, email, "emailVerified", "createdAt", "updatedAt")
    select id, 'A person', email, true, now(), now()
    from unnest(${people}::text[], ${people.map(emailOf)}::text[]) as person (id, email)`;
  await sql`
    insert into account
      (id, "accountId", "providerId", "userId", password, "createdAt", "updatedAt")
    select id, id, 'credential', id, ${account?.["password"]}, now(), now()
    from unnest(${people}::text[]) as person (id)`;
  const tokens = Array.from({ length: size }, (_, number) => tokenOf(number));
  const owners = tokens.map((_, number) => people[number >> 1] ?? "");
  await sql`
    insert into session
      (id, "userId", token, "expiresAt", "createdAt", "updatedAt", "ipAddress", "userAgent")
    select token, owner, token, now() + interval '7 days', now(), now(), '127.0.0.1', 'bench'
    from unnest(${tokens}::text[], ${owners}::text[]) as seed (token, owner)`;
  await sql`create table bench_session as table session`;

  return {
    databaseUrl: database.url,
    signedIn: tokens.map((token) => ({ cookies: { [TOKEN_COOKIE]: signCookie(token) } })),
    logins: people.map((id) => ({ cookies: {}, body: { email: emailOf(id), password: PASSWORD } })),
    async restore() {
      await sql`truncate session`;
      await sql`insert into session select * from bench_session`;
      await sql`vacuum analyze session`;
    },
  };
}

/** Its first start makes the tables, its first sign-up shows how a password is kept. */
async function signUpOnce(databaseUrl: string): Promise<void> {
  await using server = await startServer(serverOf({ databaseUrl, cookieCache: false }));
  const response = await fetch(`${server.url}/api/auth/sign-up/email`, {
    method: "POST",
    headers: { "content-type": "application/json", origin: ORIGIN },
    body: JSON.stringify({ name: "First", email: "first@example.com", password: PASSWORD }),
  });
  if (!response.ok) throw new TypeError(`Cannot sign up: ${await response.text()}`);
  await response.body?.cancel();
}

/** As better-auth signs its cookies. */
function signCookie(token: string): string {
  const signature = createHmac("sha256", SECRET).update(token).digest("base64");
  return encodeURIComponent(`${token}.${signature}`);
}
