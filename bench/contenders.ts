/**
 * The servers compared: our functions with both stores and both algorithms, the floor beneath each, and what
 * else people keep sessions with.
 *
 * @module
 */

import { type Lab, type OursOptions, PASSWORD } from "./lab.ts";
import { collectCookies, type Load, type Visitor } from "./load.ts";
import { type ServerOptions, type ServerProcess, startServer } from "./server_process.ts";

/** A server, and the request that is sent to it. */
export interface Contender extends Pick<Load, "method" | "headers" | "follow"> {
  readonly name: string;
  readonly path: string;
  /** Starts a fresh process. */
  start(lab: Lab): Promise<ServerProcess>;
  visitors(lab: Lab, url: string): Visitor[] | Promise<Visitor[]>;
  /** Each visitor comes once, without a warm-up: for what can be done only once or takes long. */
  readonly once?: boolean;
  /** Before each load: what visitors must know to send their next request. */
  prepare?(lab: Lab): Promise<void>;
}

type Request = Pick<Contender, "path" | "method" | "headers" | "follow" | "once" | "prepare">;

function ours(
  name: string,
  { visitors, ...request }: Request & OursOptions & { readonly visitors: keyof Lab["visitors"] },
): Contender {
  return {
    name,
    start: (lab) => lab.startOurs(request),
    method: "POST",
    headers: { "content-length": "0" },
    visitors: (lab) => lab.visitors[visitors],
    ...request,
  };
}

/** One of `servers/floors.ts`. Those with an algorithm rotate sessions and sign. */
function floor(what: string, algorithm?: OursOptions["algorithm"]): Contender {
  return {
    name: `Deno.serve + ${what}${algorithm ? `, ${algorithm}` : ""}`,
    path: "/",
    start: (lab) => lab.startFloor("floors.ts", { floor: what, algorithm }),
    visitors: (lab) => lab.visitors.floor,
    follow: algorithm !== undefined,
  };
}

const PEOPLE = 1_000;
const SIGN_INS = 32;

/** A peer of npm. People sign up with it once a run, in a separate database. */
function peer(server: Omit<ServerOptions, "environment"> & { readonly signUpPath: string }) {
  const start = (databaseUrl: string, settings: Readonly<Record<string, string>>) =>
    startServer({
      ...server,
      environment: {
        ...settings,
        DATABASE_URL: databaseUrl,
        PEER_SECRET: "a secret of the benchmark, which is long enough",
        NODE_ENV: "production",
      },
    });
  const headers = { "x-forwarded-proto": "https" }; // of a proxy in front; secure cookies want it
  const signUp = async (lab: Lab) => {
    const database = await lab.createDatabase();
    await using signingUp = await start(database.url, { ONE_PASSWORD: PASSWORD });
    const people = Array.from({ length: PEOPLE }, () => {
      const name = crypto.randomUUID();
      const body = { name, email: `${name}@example.com`, password: PASSWORD };
      return { cookies: {}, headers: { origin: "https://app.example.com" }, body };
    });
    const url = `${signingUp.url}${server.signUpPath}`;
    await collectCookies({ url, method: "POST", headers, visitors: people });
    const sql = database.connect();
    await sql`analyze`;
    await sql.end();
    return { databaseUrl: database.url, people };
  };
  let once: ReturnType<typeof signUp> | undefined;
  const signedUp = (lab: Lab) => once ??= signUp(lab);

  return (
    name: string,
    { settings = {}, ...request }: Request & {
      readonly path: string;
      readonly settings?: Readonly<Record<string, string>>;
    },
  ): Contender => ({
    name,
    start: async (lab) => start((await signedUp(lab)).databaseUrl, settings),
    headers,
    async visitors(lab, url) {
      const { people } = await signedUp(lab);
      if (request.once) {
        return people.slice(0, SIGN_INS).map((person) => ({ ...person, cookies: {} }));
      }
      const visitors = people.map(({ cookies }) => ({ cookies: { ...cookies } }));
      // A cached answer lives for five minutes, less than a run takes.
      if (settings["COOKIE_CACHE"]) await collectCookies({ url, headers, visitors });
      return visitors;
    },
    ...request,
  });
}

const betterAuth = peer({
  program: "bench/servers/better_auth.ts",
  signUpPath: "/api/auth/sign-up/email",
});
const expressSession = peer({
  program: "bench/servers/express_session.ts",
  command: "run",
  signUpPath: "/login",
});

/** A proof for each: signed over the challenge of the last answer. */
async function proveAll({ visitors }: Lab): Promise<void> {
  await Promise.all(visitors.bound.map(async ({ key, headers, answer = "{}" }) => {
    const { challenge } = JSON.parse(answer).session;
    headers["dpop"] = await key.prove({ route: "refresh", challenge });
  }));
}

const VALIDATE = { path: "/unified-auth/validate", visitors: "signedIn" } as const;
const REFRESH = { path: "/unified-auth/refresh", visitors: "signedIn", follow: true } as const;
const GET_SESSION = { path: "/api/auth/get-session" };

export const CONTENDERS: readonly Contender[] = [
  {
    name: "Deno.serve",
    path: "/",
    start: (lab) => lab.startFloor("hello.ts"),
    visitors: (lab) => lab.visitors.floor,
  },
  floor("one select"),
  ours("validate, direct", VALIDATE),
  ours("validate-session, direct", {
    functionName: "validate-session",
    method: "GET",
    headers: {},
    path: "/validate-session",
    visitors: "signedIn",
  }),
  ours("validate, token never seen, direct", { ...VALIDATE, once: true }),
  floor("one rpc()"),
  ours("validate, rpc", { ...VALIDATE, store: "data-api" }),
  betterAuth("better-auth", GET_SESSION),
  betterAuth("better-auth, cookie cache", { ...GET_SESSION, settings: { COOKIE_CACHE: "true" } }),
  expressSession("express-session, no touch", { path: "/session" }),
  expressSession("express-session, touch", { path: "/session", settings: { TOUCH: "true" } }),
  floor("rotation", "HS256"),
  ours("refresh, direct, HS256", { ...REFRESH, visitors: "hs256", algorithm: "HS256" }),
  floor("rotation", "ES256"),
  ours("refresh, direct, ES256", REFRESH),
  ours("refresh, bound to a key, direct, ES256", {
    ...REFRESH,
    visitors: "bound",
    prepare: proveAll,
  }),
  floor("rotation by rpc()", "ES256"),
  ours("refresh, rpc, ES256", { ...REFRESH, store: "data-api" }),
  ours("login (bcrypt, cost 10)", {
    path: "/unified-auth/login",
    headers: {},
    visitors: "logins",
    once: true,
  }),
  betterAuth("better-auth, sign-in (scrypt)", {
    path: "/api/auth/sign-in/email",
    method: "POST",
    once: true,
  }),
];

/** Bars: at least so many times the rate of another contender, within one round. Of some nothing was promised. */
export const BARS: readonly (readonly [of: string, to: string, atLeast?: number])[] = [
  ["validate, direct", "Deno.serve + one select", 0.45],
  ["validate, direct", "better-auth", 5],
  ["validate, direct", "express-session, no touch", 1.5],
  ["validate, rpc", "Deno.serve + one rpc()", 0.85],
  ["refresh, direct, HS256", "Deno.serve + rotation, HS256", 0.85],
  ["refresh, direct, ES256", "Deno.serve + rotation, ES256", 0.75],
  ["refresh, rpc, ES256", "Deno.serve + rotation by rpc(), ES256", 0.75],
  ["refresh, bound to a key, direct, ES256", "refresh, direct, ES256"],
];

/** Who is this? A new refresh token, a sign-in with a password. Contenders by their names, or µs measured apart. */
export const BESIDE: readonly (readonly [name: string, ...cells: readonly (string | number)[]])[] =
  [
    [
      "Unified Auth, direct",
      "validate, direct",
      "refresh, direct, ES256",
      "login (bcrypt, cost 10)",
    ],
    ["Unified Auth, direct, HS256", "", "refresh, direct, HS256", ""],
    ["Unified Auth, direct, bound to a key", "", "refresh, bound to a key, direct, ES256", ""],
    [
      "Unified Auth, rpc, with our stand-in for PostgREST",
      "validate, rpc",
      "refresh, rpc, ES256",
      "",
    ],
    ["Supabase Auth itself (measured apart, see below)", 1_753, 3_623, 73_184],
    ["better-auth", "better-auth", "", "better-auth, sign-in (scrypt)"],
    ["better-auth, cookie cache", "better-auth, cookie cache", "", ""],
    ["express-session, no touch", "express-session, no touch", "", ""],
    ["express-session, touch", "express-session, touch", "", ""],
  ];
