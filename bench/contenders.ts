/**
 * The servers compared: our functions with both stores and both algorithms, the floor beneath each, and what
 * else people keep sessions with.
 *
 * @module
 */

import { createHmac, randomUUID } from "node:crypto";
import { type Algorithm, type BoundVisitor, type Lab, type OursOptions, PASSWORD } from "./lab.ts";
import { type Load, load, USER_AGENT, type Visitor } from "./load.ts";
import { type ServerProcess, startServer } from "./server_process.ts";

export interface Contender {
  readonly name: string;
  /** Starts a fresh process. */
  open(lab: Lab): Promise<Target>;
}

/** A server, and the request that is sent to it. */
export interface Target {
  readonly server: ServerProcess;
  readonly request: Omit<Load, "connections" | "seconds" | "amount">;
  /** So many requests and no more: each visitor once, for what can be done only once. */
  readonly amount?: number;
  /** Before each load: what visitors must know to send their next request. @default {nothing} */
  readonly prepare?: () => Promise<void>;
}

/** A bar compares two contenders within one round. */
export interface Bar {
  readonly of: string;
  readonly to: string;
  /** Nothing was promised of some. */
  readonly atLeast?: number;
}

/** One row of the comparison with what people use: contenders by their names, or µs measured apart. */
export interface Beside {
  readonly name: string;
  readonly validate?: string | number;
  readonly refresh?: string | number;
  readonly login?: string | number;
}

/** Few enough that the warm-up shows each to the process, many enough that no one session is hot. */
const KNOWN_VISITORS = 1_000;

const POST = { method: "POST", headers: { "content-length": "0" } } as const;

function ours(
  name: string,
  { path, only, once, ...options }: OursOptions & {
    readonly path: "/validate" | "/refresh" | "/logout";
    readonly only?: number;
    readonly once?: number;
  },
): Contender {
  return {
    name,
    async open(lab) {
      const server = await lab.startOurs(options);
      const signedIn = lab.signedIn[options.algorithm ?? "ES256"];
      const isOwnFunction = options.functionName === "validate-session";
      return {
        server,
        request: {
          url: `${server.url}${isOwnFunction ? "/validate-session" : `/unified-auth${path}`}`,
          ...(isOwnFunction ? {} : POST),
          visitors: only ? known(signedIn, only) : signedIn,
          follow: path === "/refresh",
        },
        ...(once ? { amount: once } : {}),
      };
    },
  };
}

const slices = new WeakMap<readonly Visitor[], readonly Visitor[]>();

/** The same list each time, so that its turns go on. */
function known(visitors: readonly Visitor[], count: number): readonly Visitor[] {
  const slice = slices.get(visitors) ?? visitors.slice(0, count);
  slices.set(visitors, slice);
  return slice;
}

function floor(
  name: string,
  { program, algorithm, rotates = false }: {
    readonly program: string;
    readonly algorithm?: Algorithm;
    readonly rotates?: boolean;
  },
): Contender {
  return {
    name,
    async open(lab) {
      const server = await lab.startFloor(program, algorithm);
      const visitors = rotates ? lab.floor : known(lab.floor, KNOWN_VISITORS);
      return { server, request: { url: `${server.url}/`, visitors, follow: rotates } };
    },
  };
}

/** Proofs that are made at a time. */
const PROVERS = 8;

/** Sessions that a browser's key holds: each refresh brings a proof, made before it is measured. */
const boundRefresh: Contender = {
  name: "refresh, bound to a key, direct, ES256",
  async open(lab) {
    const server = await lab.startOurs({ store: "direct" });
    const url = `${server.url}/unified-auth/refresh`;
    return {
      server,
      request: { url, ...POST, visitors: lab.bound, follow: true },
      prepare: async () => {
        const rest = lab.bound.values();
        const proveRest = async () => {
          for (const visitor of rest) await proveNext(visitor, url);
        };
        await Promise.all(Array.from({ length: PROVERS }, proveRest));
      },
    };
  },
};

/** Signs over the challenge that a refresh without a proof is answered, which asks no database. */
async function proveNext({ cookies, key, headers }: BoundVisitor, url: string): Promise<void> {
  const cookie = Object.entries(cookies).map((pair) => pair.join("=")).join("; ");
  const { status, headers: answered, body } = await fetch(url, {
    method: "POST",
    headers: { cookie, "user-agent": USER_AGENT },
  });
  await body?.cancel();
  const challenge = answered.get("dpop-nonce");
  if (status !== 401 || challenge === null) {
    throw new TypeError(`Cannot measure bound sessions: a refresh without a proof got ${status}`);
  }
  headers["dpop"] = await key.prove({ route: "refresh", challenge });
}

const login: Contender = {
  name: "login (bcrypt, cost 10)",
  async open(lab) {
    const server = await lab.startOurs({ store: "direct" });
    return {
      server,
      request: { url: `${server.url}/unified-auth/login`, method: "POST", visitors: lab.logins },
      amount: lab.logins.length,
    };
  },
};

const SECRET = "a secret of the benchmark, which is long enough";
const ORIGIN = "https://app.example.com";

/** Made by a contender once a run, in a separate database. */
function once<T>(make: (lab: Lab) => Promise<T>): (lab: Lab) => Promise<T> {
  const made = new WeakMap<Lab, Promise<T>>();
  return (lab) => {
    const promise = made.get(lab) ?? make(lab);
    made.set(lab, promise);
    return promise;
  };
}

function startBetterAuth(databaseUrl: string, { cookieCache = false } = {}) {
  return startServer({
    program: "bench/servers/better_auth.ts",
    environment: {
      DATABASE_URL: databaseUrl,
      PEER_SECRET: SECRET,
      COOKIE_CACHE: String(cookieCache),
      NODE_ENV: "production",
    },
  });
}

/** Its first start makes the tables, its first sign-up shows how a password is kept. */
const betterAuthPeople = once(async (lab: Lab) => {
  const database = await lab.createDatabase();
  const sql = database.connect({ max: 1 });
  {
    await using server = await startBetterAuth(database.url);
    await load({
      url: `${server.url}/api/auth/sign-up/email`,
      method: "POST",
      headers: { origin: ORIGIN },
      visitors: [{
        cookies: {},
        body: { name: "First", email: "first@example.com", password: PASSWORD },
      }],
      connections: 1,
      amount: 1,
    });
  }
  const [account] = await sql`select password from account`;
  const ids = Array.from({ length: KNOWN_VISITORS }, () => randomUUID().replaceAll("-", ""));
  await sql`
    insert into "user" (id, name, email, "emailVerified", "createdAt", "updatedAt")
    select id, 'A person', id || '@example.com', true, now(), now()
    from unnest(${ids}::text[]) as person (id)`;
  await sql`
    insert into account (id, "accountId", "providerId", "userId", password, "createdAt", "updatedAt")
    select id, id, 'credential', id, ${account?.["password"]}, now(), now()
    from unnest(${ids}::text[]) as person (id)`;
  await sql`
    insert into session
      (id, "userId", token, "expiresAt", "createdAt", "updatedAt", "ipAddress", "userAgent")
    select id, id, id, now() + interval '7 days', now(), now(), '127.0.0.1', 'bench'
    from unnest(${ids}::text[]) as person (id)`;
  await sql`analyze`;
  const cookieOf = (token: string) => {
    const signature = createHmac("sha256", SECRET).update(token).digest("base64");
    return encodeURIComponent(`${token}.${signature}`);
  };
  return {
    databaseUrl: database.url,
    signedIn: ids.map((id): Visitor => ({
      cookies: { "__Secure-better-auth.session_token": cookieOf(id) },
    })),
    logins: ids.slice(0, 64).map((id): Visitor => ({
      cookies: {},
      body: { email: `${id}@example.com`, password: PASSWORD },
    })),
  };
});

function betterAuth(name: string, cookieCache: boolean): Contender {
  return {
    name,
    async open(lab) {
      const { databaseUrl, signedIn } = await betterAuthPeople(lab);
      const server = await startBetterAuth(databaseUrl, { cookieCache });
      const url = `${server.url}/api/auth/get-session`;
      if (!cookieCache) return { server, request: { url, visitors: signedIn } };
      // A cached answer lives for five minutes, less than a run takes.
      const visitors = signedIn.map(({ cookies }) => ({ cookies: { ...cookies } }));
      await load({ url, visitors, connections: 16, amount: visitors.length, follow: true });
      return { server, request: { url, visitors } };
    },
  };
}

const betterAuthSignIn: Contender = {
  name: "better-auth, sign-in (scrypt)",
  async open(lab) {
    const { databaseUrl, logins } = await betterAuthPeople(lab);
    const server = await startBetterAuth(databaseUrl);
    const url = `${server.url}/api/auth/sign-in/email`;
    return {
      server,
      request: { url, method: "POST", headers: { origin: ORIGIN }, visitors: logins },
      amount: 32,
    };
  },
};

const expressVisitors = once(async (lab: Lab) => {
  const { url: databaseUrl } = await lab.createDatabase();
  await using server = await startExpress(databaseUrl, { touch: false });
  const visitors = Array.from({ length: KNOWN_VISITORS }, (_, number) => ({
    cookies: {},
    body: { id: randomUUID(), email: `person-${number}@example.com` },
  }));
  await load({
    url: `${server.url}/login`,
    method: "POST",
    headers: BEHIND_HTTPS,
    visitors,
    connections: 8,
    amount: visitors.length,
    follow: true,
  });
  return { databaseUrl, signedIn: visitors.map(({ cookies }): Visitor => ({ cookies })) };
});

/** The header of a proxy in front, without which there would be no secure cookie. */
const BEHIND_HTTPS = { "x-forwarded-proto": "https" };

function startExpress(databaseUrl: string, { touch }: { readonly touch: boolean }) {
  return startServer({
    program: "bench/servers/express_session.ts",
    runs: "itself",
    environment: {
      DATABASE_URL: databaseUrl,
      PEER_SECRET: SECRET,
      DISABLE_TOUCH: String(!touch),
      NODE_ENV: "production",
    },
  });
}

function expressSession(name: string, touch: boolean): Contender {
  return {
    name,
    async open(lab) {
      const { databaseUrl, signedIn } = await expressVisitors(lab);
      const server = await startExpress(databaseUrl, { touch });
      return {
        server,
        request: { url: `${server.url}/session`, headers: BEHIND_HTTPS, visitors: signedIn },
      };
    },
  };
}

export const CONTENDERS: readonly Contender[] = [
  floor("Deno.serve", { program: "hello.ts" }),
  floor("Deno.serve + one select", { program: "select_by_primary_key.ts" }),
  ours("validate, direct", { store: "direct", path: "/validate", only: KNOWN_VISITORS }),
  ours("validate-session, direct", {
    store: "direct",
    functionName: "validate-session",
    path: "/validate",
    only: KNOWN_VISITORS,
  }),
  ours("validate, token never seen, direct", { store: "direct", path: "/validate", once: 1_000 }),
  floor("Deno.serve + one rpc()", { program: "rpc_validate.ts" }),
  ours("validate, rpc", { store: "rpc", path: "/validate", only: KNOWN_VISITORS }),
  betterAuth("better-auth", false),
  betterAuth("better-auth, cookie cache", true),
  expressSession("express-session, no touch", false),
  expressSession("express-session, touch", true),
  ...(["HS256", "ES256"] as const).flatMap((algorithm) => [
    floor(`Deno.serve + rotation, ${algorithm}`, {
      program: "rotate_by_sql.ts",
      algorithm,
      rotates: true,
    }),
    ours(`refresh, direct, ${algorithm}`, { store: "direct", algorithm, path: "/refresh" }),
  ]),
  boundRefresh,
  floor("Deno.serve + rotation by rpc(), ES256", { program: "rotate_by_rpc.ts", rotates: true }),
  ours("refresh, rpc, ES256", { store: "rpc", path: "/refresh" }),
  login,
  betterAuthSignIn,
];

export const BARS: readonly Bar[] = [
  { of: "validate, direct", to: "Deno.serve + one select", atLeast: 0.45 },
  { of: "validate, direct", to: "better-auth", atLeast: 5 },
  { of: "validate, direct", to: "express-session, no touch", atLeast: 1.5 },
  { of: "validate, rpc", to: "Deno.serve + one rpc()", atLeast: 0.85 },
  { of: "refresh, direct, HS256", to: "Deno.serve + rotation, HS256", atLeast: 0.85 },
  { of: "refresh, direct, ES256", to: "Deno.serve + rotation, ES256", atLeast: 0.75 },
  { of: "refresh, rpc, ES256", to: "Deno.serve + rotation by rpc(), ES256", atLeast: 0.75 },
  { of: "refresh, bound to a key, direct, ES256", to: "refresh, direct, ES256" },
];

export const BESIDE: readonly Beside[] = [
  {
    name: "Unified Auth, direct",
    validate: "validate, direct",
    refresh: "refresh, direct, ES256",
    login: login.name,
  },
  { name: "Unified Auth, direct, HS256", refresh: "refresh, direct, HS256" },
  { name: "Unified Auth, direct, bound to a key", refresh: boundRefresh.name },
  {
    name: "Unified Auth, rpc, with our stand-in for PostgREST",
    validate: "validate, rpc",
    refresh: "refresh, rpc, ES256",
  },
  {
    name: "Supabase Auth itself (measured apart, see below)",
    validate: 1_753,
    refresh: 3_623,
    login: 73_184,
  },
  { name: "better-auth", validate: "better-auth", login: betterAuthSignIn.name },
  { name: "better-auth, cookie cache", validate: "better-auth, cookie cache" },
  { name: "express-session, no touch", validate: "express-session, no touch" },
  { name: "express-session, touch", validate: "express-session, touch" },
];
