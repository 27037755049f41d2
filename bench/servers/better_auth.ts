/**
 * better-auth as its documentation sets it up for production on PostgreSQL: a `pg` pool, secure cookies,
 * native joins (its adapter's page: two to three times faster for `get-session`), the cookie cache for
 * five minutes where asked for. Its rate limit is off: it counts by address, and all load has one.
 *
 * @module
 */

import { betterAuth } from "better-auth";
import { hashPassword } from "better-auth/crypto";
import { getMigrations } from "better-auth/db/migration";
// @ts-types="@types/pg"
import pg from "pg";

const { SUPABASE_DB_URL = "", COOKIE_CACHE, ONE_PASSWORD } = Deno.env.toObject();

const pool = new pg.Pool({
  connectionString: SUPABASE_DB_URL,
  options: "-c search_path=better_auth", // its tables are named as those of others
});
await pool.query("create schema if not exists better_auth");

/** A thousand people sign up before the measurement: as they have one password, it is hashed once. */
const hash = ONE_PASSWORD === undefined ? undefined : await hashPassword(ONE_PASSWORD);

const auth = betterAuth({
  baseURL: "https://app.example.com",
  secret: "a secret of the benchmark, which is long enough",
  database: pool,
  emailAndPassword: {
    enabled: true,
    ...(hash === undefined ? {} : { password: { hash: () => Promise.resolve(hash) } }),
  },
  session: { cookieCache: { enabled: COOKIE_CACHE === "true", maxAge: 5 * 60 } },
  advanced: { useSecureCookies: true, database: { joins: true } },
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
});
const { runMigrations } = await getMigrations(auth.options);
await runMigrations();

export default { fetch: (request: Request): Promise<Response> => auth.handler(request) };
