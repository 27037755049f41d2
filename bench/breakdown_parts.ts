/**
 * The parts of a validate and of a refresh, each to be run by itself: our own modules as the composition
 * puts them together, over a session that is signed in.
 *
 * @module
 */

import type { TestServer } from "../local/testing.ts";
import { SEED_USERS } from "../local/seed_users.ts";
import type { UserAgentHash, UserId } from "../supabase/functions/_shared/brands.ts";
import { firstRefreshToken } from "../supabase/functions/_shared/refresh_token.ts";
import { createAccessTokens } from "../supabase/functions/_shared/access_token.ts";
import { compose, type Composition } from "../supabase/functions/_shared/composition.ts";
import { parseDatabaseUrl } from "../supabase/functions/_shared/database_address.ts";
import type { DatabaseRpc } from "../supabase/functions/_shared/database_rpc.ts";
import { createPostgresRpc } from "../supabase/functions/_shared/database_rpc_postgres.ts";
import { createDataApiRpc } from "../supabase/functions/_shared/database_rpc_data_api.ts";
import {
  readShownRefreshToken,
  readShownTokens,
} from "../supabase/functions/_shared/http/shown_tokens.ts";
import { grantCookies } from "../supabase/functions/_shared/http/session_cookies.ts";
import { createUnifiedAuthApp } from "../supabase/functions/_shared/http/unified_auth_app.ts";
import { renderSession } from "../supabase/functions/_shared/http/views.ts";
import {
  rotateSessionRow,
  validateSessionRow,
} from "../supabase/functions/_shared/session_rows.ts";
import { proposeSuccessors } from "../supabase/functions/_shared/successor.ts";
import { COMMON_ARGUMENTS } from "./servers/rotation_call.ts";

type Part = () => unknown;

export interface Parts extends AsyncDisposable {
  /** By operation and by name, in the order in which a request meets them. */
  readonly operations: Readonly<Record<string, Readonly<Record<string, Part>>>>;
  /** Lets the sessions rotate again, as if their last rotation were long ago. */
  rest(): Promise<unknown>;
}

const USER_AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

/** A session rotates a few times in a row and no more: so many take turns. */
const ROTATING_SESSIONS = 50;

export async function openParts(server: TestServer): Promise<Parts> {
  const stack = await server.startStack({ functions: [] });
  const environment: Readonly<Record<string, string>> = {
    ...stack.environment,
    SESSION_STORE: "postgres",
    SESSION_MAX_PER_USER: String(2 * ROTATING_SESSIONS), // as many as it may be,
  };
  silenceLog();
  const composition = await compose((name) => environment[name]);
  const { dependencies, cookies, signingKeys } = composition;
  const viaDatabase = createPostgresRpc({
    address: parseDatabaseUrl(stack.database.url) ?? unusable(stack.database.url),
    poolSize: 1,
    pipelines: 1,
    connectTimeoutMs: 2_000,
    timeoutMs: 5_000,
  });
  const viaDataApi = createDataApiRpc({
    supabaseUrl: stack.baseUrl,
    secretKey: stack.keys.secret,
    timeoutMs: 5_000,
    fetch,
  });
  const verifier = createAccessTokens({
    keys: signingKeys,
    issuer: `${stack.baseUrl}/functions/v1/unified-auth`,
    cookieNameLength: cookies.accessName.length,
  });

  const browser = createBrowser(composition);
  await browser.call("/login", { email: SEED_USERS.ada.email, password: SEED_USERS.ada.password });
  const headers = new Headers({ cookie: browser.cookieHeader() });
  const shown = await readShownTokens({ ...dependencies, cookies }, headers);
  if (shown.access.kind !== "genuine" || shown.refresh.kind !== "genuine") unusable("cookies");
  const { claims } = shown.access;
  const predecessor = shown.refresh.token;
  const ask = (rpc: DatabaseRpc) =>
    rpc("validate_session", {
      p_session_id: claims.sessionId,
      p_generation: claims.generation,
      p_branch: claims.branch,
      p_may_confirm: true,
      p_issued_to: `\\x${"00".repeat(32)}`,
      p_window_seconds: 60,
      p_activity_interval_seconds: 300,
      p_ip: null,
      p_user_agent: USER_AGENT,
      p_request_id: "breakdown",
    });
  const row = await ask(viaDatabase.rpc);
  const answer = validateSessionRow.parse(row);
  if (!("session" in answer)) unusable("session");
  const at = { session: answer.session, serverTime: answer.server_time };
  const rotate = await createRotations(composition);
  const rotation = await createBareRotations(composition, viaDatabase.rpc);
  const rotatedRow = await rotation();
  const rotatedAnswer = rotateSessionRow.parse(rotatedRow);
  if (rotatedAnswer.outcome !== "rotated") unusable(`rotation: ${rotatedAnswer.outcome}`);
  const grant = {
    session: rotatedAnswer.session,
    serverTime: rotatedAnswer.server_time,
    accessToken: shown.accessToken ?? unusable("access token"),
    refreshToken: predecessor.raw,
  };
  const sql = stack.database.connect({ max: 1 });

  return {
    operations: {
      "validate, live ES256 token, direct store": {
        "Hono, origin, headers, log line (a route that does nothing)": () =>
          browser.call("/.well-known/jwks.json"),
        "cookies, tag of the refresh token, access token known": () =>
          readShownTokens({ ...dependencies, cookies }, headers),
        "call of the SQL function: driver, protocol, JSON": () => ask(viaDatabase.rpc),
        "the same through the data API, the local stand-in for it included": () => ask(viaDataApi),
        "its row checked and turned into types (zod)": () => validateSessionRow.parse(row),
        "view and its JSON": () =>
          JSON.stringify(renderSession(at, { refreshed: false, accessToken: null })),
        "body and its check (a request that is refused for it)": () =>
          browser.call("/validate", { refresh: "?" }, 400),
        "**the whole request**": () => browser.call("/validate"),
        "saved by the memory: one ES256 verification (jose)": () =>
          verifier.verify(shown.accessToken ?? ""),
      },
      "refresh, ES256, direct store": {
        "Hono, origin, headers, log line (a route that does nothing)": () =>
          browser.call("/.well-known/jwks.json"),
        "cookies and the refresh token's tag": () =>
          readShownRefreshToken({ ...dependencies, cookies }, headers),
        "the proposed successor": () =>
          proposeSuccessors(
            { predecessor, salt: predecessor.secret.subarray(0, 16), branches: 1 },
            dependencies.keys.signing,
          ),
        "call of the SQL function: driver, protocol, JSON": rotation,
        "its row checked and turned into types (zod)": () => rotateSessionRow.parse(rotatedRow),
        "one ES256 signature (jose)": () => verifier.sign(claims),
        "two cookies, view and its JSON": () => [
          grantCookies(cookies, grant, { graceSeconds: 43_200 }),
          JSON.stringify(renderSession(grant, { refreshed: true, accessToken: null })),
        ],
        "**the whole request**": rotate,
      },
    },
    rest: () =>
      sql`
        update public.sessions as s
        set issued_at = s.issued_at - interval '1 day', refreshes_paid_until = s.issued_at
        where s.is_valid`,
    async [Symbol.asyncDispose]() {
      await viaDatabase.close();
      await stack.stop();
    },
  };
}

/** Rotates one session after another: each time that this is called, the next one. */
async function createRotations(composition: Composition): Promise<Part> {
  const tokens = await signInOften(composition, SEED_USERS.grace.id as UserId);
  const browsers = tokens.map(({ raw }) =>
    createBrowser(composition, [[composition.cookies.refreshName, raw]])
  );
  let turn = 0;
  return () => browsers[turn++ % browsers.length]?.call("/refresh");
}

/** The SQL function alone, with hashes that belong to no token: it can't tell. */
async function createBareRotations(
  composition: Composition,
  rpc: DatabaseRpc,
): Promise<() => Promise<unknown>> {
  const { randomBytes } = composition.dependencies;
  const tokens = await signInOften(composition, SEED_USERS.grace.id as UserId);
  const held = tokens.map(({ sessionId, hash }) => ({
    sessionId,
    generation: 1,
    hash: toHex(hash),
  }));
  const salt = toHex(randomBytes(16));
  let turn = 0;
  return async () => {
    const session = held[turn++ % held.length] ?? unusable("sessions");
    const { sessionId, generation, hash } = session;
    const successor = `\\x${hash.slice(4)}${hash.slice(2, 4)}`;
    const row = await rpc("rotate_session", {
      ...COMMON_ARGUMENTS,
      p_session_id: sessionId,
      p_generation: generation,
      p_hash: hash,
      p_successor_hashes: [successor],
      p_successor_salt: salt,
    });
    session.generation += 1;
    session.hash = successor;
    return row;
  };
}

function toHex(bytes: Uint8Array): string {
  return `\\x${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

/** The first tokens of many sessions of one user. */
async function signInOften(composition: Composition, userId: UserId) {
  const { store, keys, randomBytes, newSessionId } = composition.dependencies;
  return await Promise.all(
    Array.from({ length: ROTATING_SESSIONS }, async () => {
      const sessionId = newSessionId();
      const token = firstRefreshToken({ sessionId, secret: randomBytes(32) }, keys.signing);
      await store.createSession({
        sessionId,
        userId,
        refreshTokenHash: token.hash,
        deviceName: null,
        aal: "aal1",
        amr: [{ method: "password", timestamp: 1_700_000_000 }],
        presented: null,
        identitySessionId: null,
        loginCharge: null,
      }, {
        requestId: "breakdown",
        ip: null,
        userAgent: null,
        userAgentHash: new Uint8Array(32) as UserAgentHash,
      });
      return { ...token, sessionId };
    }),
  );
}

/** A browser that calls the app without a network in between, and keeps its cookies. */
function createBrowser(
  composition: Composition,
  cookies: readonly (readonly [string, string])[] = [],
) {
  const app = createUnifiedAuthApp({
    ...composition,
    publicJwks: composition.signingKeys.publicJwks,
  });
  const jar = new Map(cookies);
  const cookieHeader = () => [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
  return {
    cookieHeader,
    async call(
      path: string,
      body?: Readonly<Record<string, string>>,
      status = 200,
    ): Promise<void> {
      const response = await app.fetch(
        new Request(`http://127.0.0.1/unified-auth${path}`, {
          method: path.startsWith("/.") ? "GET" : "POST",
          headers: {
            cookie: cookieHeader(),
            "user-agent": USER_AGENT,
            ...(body ? { "content-type": "application/json" } : {}),
          },
          ...(body ? { body: JSON.stringify(body) } : {}),
        }),
      );
      const text = await response.text();
      if (response.status !== status) unusable(`${path}: ${text}`);
      for (const line of response.headers.getSetCookie()) {
        const [pair = ""] = line.split(";");
        jar.set(pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1));
      }
    },
  };
}

/** Lines go where they cost what a line costs, and are not read. */
function silenceLog(): void {
  const sink = Deno.openSync("/dev/null", { write: true });
  const encoder = new TextEncoder();
  console.log = (line: string) => void sink.writeSync(encoder.encode(`${line}\n`));
}

function unusable(what: string): never {
  throw new TypeError(`Cannot measure: ${what}`);
}
