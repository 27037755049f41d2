/**
 * The servers compared: our functions with both stores and both algorithms, the floor beneath each, and what
 * else people keep sessions with.
 *
 * @module
 */

import { BETTER_AUTH, EXPRESS_SESSION, HS256, type Lab, UNIFIED_AUTH } from "./lab.ts";
import type { Load } from "./load.ts";
import type { ServerOptions } from "./server_process.ts";

/** A server of the lab, and the request that is sent to it. */
export interface Contender extends ServerOptions, Pick<Load, "method"> {
  readonly name: string;
  readonly path: string;
  readonly visitors: keyof Lab["visitors"];
  /** Which answers must bring other cookies, which visitors keep: all, or that of the warm-up alone. */
  readonly follow?: "always" | "warm-up";
  /** Each visitor comes once, without a warm-up: for what can be done only once or takes long. */
  readonly once?: boolean;
}

const FLOOR = { path: "/", visitors: "floor" } as const;
const floor = (what: string, changes = {}) => ({
  ...FLOOR,
  program: "bench/servers/floors.ts",
  environment: { FLOOR: what, ...changes },
});
const OURS = { ...UNIFIED_AUTH, method: "POST", visitors: "signedIn" } as const;
const VALIDATE = { ...OURS, path: "/unified-auth/validate" };
const REFRESH = { ...OURS, path: "/unified-auth/refresh", follow: "always" } as const;
const RPC = { SESSION_STORE: "data-api" };
const GET_SESSION = {
  ...BETTER_AUTH,
  path: "/api/auth/get-session",
  visitors: "betterAuth",
} as const;
const EXPRESS = { ...EXPRESS_SESSION, path: "/session", visitors: "expressSession" } as const;

export const CONTENDERS: readonly Contender[] = [
  { name: "Deno.serve", ...FLOOR, program: "bench/servers/hello.ts" },
  { name: "Deno.serve + one select", ...floor("select") },
  { name: "validate, direct", ...VALIDATE },
  {
    name: "validate-session, direct",
    program: "supabase/functions/validate-session/index.ts",
    path: "/validate-session",
    visitors: "signedIn",
  },
  { name: "validate, token never seen, direct", ...VALIDATE, once: true },
  { name: "Deno.serve + one rpc()", ...floor("rpc") },
  { name: "validate, rpc", ...VALIDATE, environment: RPC },
  { name: "better-auth", ...GET_SESSION },
  {
    name: "better-auth, cookie cache",
    ...GET_SESSION,
    environment: { COOKIE_CACHE: "true" },
    follow: "warm-up", // the cached answer lives for five minutes, less than a run takes
  },
  { name: "express-session, no touch", ...EXPRESS },
  { name: "express-session, touch", ...EXPRESS, environment: { TOUCH: "true" } },
  { name: "Deno.serve + rotation, HS256", ...floor("rotation", HS256), follow: "always" },
  { name: "refresh, direct, HS256", ...REFRESH, environment: HS256, visitors: "hs256" },
  { name: "Deno.serve + rotation, ES256", ...floor("rotation"), follow: "always" },
  { name: "refresh, direct, ES256", ...REFRESH },
  { name: "refresh, bound to a key, direct, ES256", ...REFRESH, visitors: "bound" },
  { name: "Deno.serve + rotation by rpc(), ES256", ...floor("rotation by rpc"), follow: "always" },
  { name: "refresh, rpc, ES256", ...REFRESH, environment: RPC },
  {
    name: "login (bcrypt, cost 10)",
    ...OURS,
    path: "/unified-auth/login",
    visitors: "logins",
    once: true,
  },
  {
    name: "better-auth, sign-in (scrypt)",
    ...BETTER_AUTH,
    method: "POST",
    path: "/api/auth/sign-in/email",
    visitors: "betterAuthLogins",
    once: true,
  },
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
export const BESIDE: readonly (readonly [who: string, ...cells: (string | number)[]])[] = [
  ["Unified Auth, direct", "validate, direct", "refresh, direct, ES256", "login (bcrypt, cost 10)"],
  ["Unified Auth, direct, HS256", "", "refresh, direct, HS256"],
  ["Unified Auth, direct, bound to a key", "", "refresh, bound to a key, direct, ES256"],
  ["Unified Auth, rpc, with our stand-in for PostgREST", "validate, rpc", "refresh, rpc, ES256"],
  ["Supabase Auth itself (measured apart, see below)", 1_753, 3_623, 73_184],
  ["better-auth", "better-auth", "", "better-auth, sign-in (scrypt)"],
  ["better-auth, cookie cache", "better-auth, cookie cache"],
  ["express-session, no touch", "express-session, no touch"],
  ["express-session, touch", "express-session, touch"],
];
