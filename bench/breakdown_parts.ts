/**
 * The parts of a validate and of a refresh, each to be run by itself: our own modules as the composition
 * puts them together, over a session that is signed in.
 *
 * @module
 */

import type { TestServer } from "../local/testing.ts";
import { SEED_USERS } from "../local/seed_users.ts";
import { createAccessTokens } from "../supabase/functions/_shared/access_token.ts";
import { compose } from "../supabase/functions/_shared/composition.ts";
import { parseDatabaseUrl } from "../supabase/functions/_shared/database_address.ts";
import type { DatabaseRpc } from "../supabase/functions/_shared/database_rpc.ts";
import { createPostgresRpc } from "../supabase/functions/_shared/database_rpc_postgres.ts";
import { createDataApiRpc } from "../supabase/functions/_shared/database_rpc_data_api.ts";
import {
  readShownRefreshToken,
  readShownTokens,
} from "../supabase/functions/_shared/http/shown_tokens.ts";
import { grantCookies } from "../supabase/functions/_shared/http/session_cookies.ts";
import { renderSession } from "../supabase/functions/_shared/http/views.ts";
import {
  rotateSessionRow,
  validateSessionRow,
} from "../supabase/functions/_shared/session_rows.ts";
import { deriveSuccessor, SUCCESSOR_SALT_BYTES } from "../supabase/functions/_shared/successor.ts";
import {
  createBareRotations,
  createBrowser,
  createRotations,
  type Part,
  ROTATING_SESSIONS,
  unusable,
} from "./breakdown_sessions.ts";
import { USER_AGENT } from "./population.ts";
import { COMMON_ARGUMENTS } from "./servers/rotation_call.ts";

export interface Parts extends AsyncDisposable {
  /** By operation and by name, in the order in which a request meets them. */
  readonly operations: Readonly<Record<string, Readonly<Record<string, Part>>>>;
  /** Lets the sessions rotate again, as if their last rotation were long ago. */
  rest(): Promise<unknown>;
}

export async function openParts(server: TestServer): Promise<Parts> {
  const stack = await server.startStack({ functions: [] });
  const environment: Readonly<Record<string, string>> = {
    ...stack.environment,
    SESSION_STORE: "postgres",
    SESSION_MAX_PER_USER: String(2 * ROTATING_SESSIONS), // as many as it may be,
  };
  silenceLog();
  const composition = await compose((name) => environment[name]);
  const { dependencies, cookies, signingKeys, bindsSessions } = composition;
  const reader = { ...dependencies, cookies, bindsSessions };
  const rendering = { accessToken: null, bindsSessions, keys: dependencies.keys };
  const viaDatabase = createPostgresRpc({
    address: parseDatabaseUrl(stack.database.url) ?? unusable(stack.database.url),
    poolSize: 1,
    batchConnections: 1,
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
  const shown = await readShownTokens(reader, headers);
  if (shown.access.kind !== "genuine" || shown.refresh.kind !== "genuine") unusable("cookies");
  const { claims } = shown.access;
  const predecessor = shown.refresh.token;
  const ask = (rpc: DatabaseRpc) =>
    rpc("validate_session", {
      p_session_id: claims.sessionId,
      p_generation: claims.generation,
      p_branch: claims.branch,
      p_may_confirm: true,
      p_policy: COMMON_ARGUMENTS.p_policy,
      p_context: { ip: null, user_agent: USER_AGENT, request_id: "breakdown" },
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
          readShownTokens(reader, headers),
        "call of the SQL function: driver, protocol, JSON": () => ask(viaDatabase.rpc),
        "the same through the data API, the local stand-in for it included": () => ask(viaDataApi),
        "its row checked and turned into types (zod)": () => validateSessionRow.parse(row),
        "view and its JSON": () =>
          JSON.stringify(renderSession(at, { ...rendering, refreshed: false })),
        "body and its check (a request that is refused for it)": () =>
          browser.call("/validate", { refresh: "?" }, 400),
        "**the whole request**": () => browser.call("/validate"),
        "saved by the memory: one ES256 verification (jose)": () =>
          verifier.verify(shown.accessToken ?? ""),
      },
      "refresh, ES256, direct store": {
        "Hono, origin, headers, log line (a route that does nothing)": () =>
          browser.call("/.well-known/jwks.json"),
        "cookies and the refresh token's tag": () => readShownRefreshToken(reader, headers),
        "the proposed successor": () =>
          deriveSuccessor({
            predecessor,
            generation: predecessor.generation + 1,
            branch: 0,
            key: null,
            lineage: null,
            salt: predecessor.secret.subarray(0, SUCCESSOR_SALT_BYTES),
          }, dependencies.keys.signing),
        "call of the SQL function: driver, protocol, JSON": rotation,
        "its row checked and turned into types (zod)": () => rotateSessionRow.parse(rotatedRow),
        "one ES256 signature (jose)": () => verifier.sign(claims),
        "two cookies, view and its JSON": () => [
          grantCookies(cookies, grant, { graceSeconds: 43_200 }),
          JSON.stringify(renderSession(grant, { ...rendering, refreshed: true })),
        ],
        "**the whole request**": rotate,
      },
    },
    rest: () =>
      sql`
        update public.sessions as s
        set issued_at = s.issued_at - interval '1 day', rate_limit_tat = s.issued_at
        where s.is_valid`,
    async [Symbol.asyncDispose]() {
      await viaDatabase.close();
      await stack.stop();
    },
  };
}

/** Lines go where they cost what a line costs, and are not read. */
function silenceLog(): void {
  const sink = Deno.openSync("/dev/null", { write: true });
  const encoder = new TextEncoder();
  console.log = (line: string) => void sink.writeSync(encoder.encode(`${line}\n`));
}
