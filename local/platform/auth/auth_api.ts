/**
 * `/auth/v1`: the part of Supabase Auth that signing in uses. Passwords, users and sessions are rows
 * of the real `auth` tables; tokens are its own ES256 JWTs. `local/README.md` lists what is left out.
 *
 * @module
 */
import { isIP } from "node:net";
import { Hono } from "hono";
import type { JWK } from "jose";
import type postgres from "postgres";
import { createConnections } from "../postgres/connections.ts";
import { type ProjectKeys, roleOfKey } from "../project_keys.ts";
import { type AccessTokenSigner, readBearer, requireAdmin, requireUser } from "./access_tokens.ts";
import type { CallerOptions } from "../token_signatures.ts";
import { createUser, deleteUser, updateUser } from "./admin_users.ts";
import { AuthFailure, failureResponse } from "./errors.ts";
import { signInWithPassword } from "./password_grant.ts";
import type { Mailbox } from "./mailbox.ts";
import { endSessions, parseLogoutScope } from "./sessions.ts";
import type { AuthSettings } from "./settings.ts";
import {
  addAdminSignInRoutes,
  addSignInRoutes,
  type AuthEnvironment,
  KEYLESS_PATHS,
} from "./sign_in_routes.ts";
import { findUser, type Json, renderUser, type UserRow } from "./users.ts";

/** Supabase Auth for the users of one database. */
export interface AuthEmulator {
  /** Answers a request whose path starts with `/auth/v1`. Never rejects. */
  fetch(request: Request, remoteAddress: string): Promise<Response>;
  close(): Promise<void>;
}

/** The project that the emulator answers for. */
export interface AuthEmulatorOptions extends AccessTokenSigner, CallerOptions {
  /** A URL of the role `supabase_auth_admin`. */
  readonly databaseUrl: string;
  /** The project's public keys, as `/.well-known/jwks.json` shows them. */
  readonly publicJwks: readonly JWK[];
  readonly settings: AuthSettings;
  readonly mailbox: Mailbox;
}

export function createAuthEmulator(options: AuthEmulatorOptions): AuthEmulator {
  const { databaseUrl, publicJwks, keys, settings, now } = options;
  const connections = createConnections({ databaseUrl, applicationName: "gotrue", size: 4 });
  const bearer = (request: Request) => readBearer(request, options);
  const signedIn = async (sql: postgres.Sql, request: Request) =>
    await requireUser(sql, { claims: await bearer(request), now: now() });

  const addressOf = (request: Request, remoteAddress: string) =>
    speaksFor(request, keys) ?? remoteAddress;
  const signInRoutes = {
    ...options,
    signer: options,
    readBody: readOptionalBody,
    signedIn,
    addressOf,
  };

  const app = new Hono<AuthEnvironment>().basePath("/auth/v1");
  app.onError((thrown, { req }) => failureResponse(thrown, req.raw));
  app.notFound(({ req }) =>
    failureResponse(new AuthFailure(404, "not_found", "404 page not found"), req.raw)
  );

  app.get("/.well-known/jwks.json", (context) => {
    context.header("cache-control", "public, max-age=600");
    return context.json({ keys: publicJwks });
  });

  // The routes below need a project key, as at a project's gateway.
  app.use(async ({ req, json }, next) => {
    if (req.method === "GET" && KEYLESS_PATHS.has(req.path)) return await next();
    const key = req.header("apikey") ?? req.query("apikey");
    if (!key) return json({ message: "No API key found in request" }, 401);
    if (!roleOfKey(keys, key)) return json({ message: "Invalid API key" }, 401);
    return await next();
  });

  app.get(
    "/health",
    ({ json }) =>
      json({ version: "local", name: "GoTrue", description: "A stand-in for Supabase Auth" }),
  );

  app.use(async (context, next) =>
    await connections.withConnection(async ({ sql }) => {
      context.set("sql", sql);
      await next();
    })
  );

  addSignInRoutes(app, signInRoutes);

  app.post("/token", async ({ req, env, var: { sql } }) => {
    const grant = req.query("grant_type");
    if (grant !== "password") {
      throw new AuthFailure(400, "invalid_credentials", "unsupported_grant_type");
    }
    return await signInWithPassword({ sql, signer: options }, {
      body: await readBody(req.raw),
      userAgent: req.header("user-agent") ?? "",
      clientAddress: addressOf(req.raw, env.remoteAddress),
      now: now(),
    });
  });

  app.get(
    "/user",
    async ({ req, json, var: { sql } }) => json(renderUser((await signedIn(sql, req.raw)).user)),
  );

  app.post("/logout", async ({ req, body, var: { sql } }) => {
    const scope = parseLogoutScope(req.query("scope") ?? null);
    const { user, sessionId } = await signedIn(sql, req.raw);
    await endSessions(sql, { userId: user.id, sessionId, scope });
    return body(null, 204);
  });

  app.use("/admin/*", async ({ req }, next) => {
    requireAdmin(await bearer(req.raw));
    await next();
  });
  addAdminSignInRoutes(app, signInRoutes);
  app.post(
    "/admin/users",
    async ({ req, var: { sql } }) =>
      await createUser(sql, { body: await readBody(req.raw), settings }),
  );
  app.get(
    "/admin/users/:id/factors",
    async ({ req, var: { sql } }) => Response.json((await userOf(sql, req.param("id"))).factors),
  );
  app.get(
    "/admin/users/:id",
    async ({ req, json, var: { sql } }) => json(renderUser(await userOf(sql, req.param("id")))),
  );
  app.put(
    "/admin/users/:id",
    async ({ req, var: { sql } }) =>
      await updateUser(sql, {
        user: await userOf(sql, req.param("id")),
        body: await readBody(req.raw),
        settings,
      }),
  );
  app.delete(
    "/admin/users/:id",
    async ({ req, var: { sql } }) =>
      await deleteUser(sql, await userOf(sql, req.param("id")), await readOptionalBody(req.raw)),
  );

  return {
    fetch: async (request, remoteAddress) => await app.fetch(request, { remoteAddress }),
    close: () => connections.close(),
  };
}

const MAX_BODY_BYTES = 1024 * 1024;

/** Of a route that needs a body. */
async function readBody(request: Request): Promise<Json> {
  return parseBody(await readBytes(request));
}

/** Of a route that can do without one. */
async function readOptionalBody(request: Request): Promise<Json> {
  const bytes = await readBytes(request);
  return bytes.length === 0 ? {} : parseBody(bytes);
}

async function readBytes(request: Request): Promise<Uint8Array> {
  const bytes = await request.bytes();
  if (bytes.length > MAX_BODY_BYTES) {
    throw new AuthFailure(413, "request_entity_too_large", "Request body too large");
  }
  return bytes;
}

function parseBody(bytes: Uint8Array): Json {
  try {
    const body: unknown = JSON.parse(new TextDecoder().decode(bytes));
    if (typeof body === "object" && body !== null && !Array.isArray(body)) return { ...body };
  } catch {
    // Refused below, with everything else that is no object.
  }
  throw new AuthFailure(400, "bad_json", "Could not parse request body as JSON");
}

async function userOf(sql: postgres.Sql, id: string): Promise<UserRow> {
  if (!/^[0-9a-f-]{36}$/i.test(id)) {
    throw new AuthFailure(404, "validation_failed", "user_id must be an UUID");
  }
  const user = await findUser(sql, { id });
  if (user) return user;
  throw new AuthFailure(404, "user_not_found", "User not found");
}

/** The address that a caller with a secret key speaks for; whose token the bearer is does not matter. */
function speaksFor(request: Request, keys: ProjectKeys): string | undefined {
  const address = request.headers.get("sb-forwarded-for")?.split(",")[0]?.trim();
  if (!address || !isIP(address)) return undefined;
  const key = request.headers.get("apikey") ?? "";
  return roleOfKey(keys, key) === "service_role" ? address : undefined;
}
