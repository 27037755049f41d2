/**
 * Puts the parts together for both functions: the one place that knows which implementation stands
 * behind each interface, and where time, randomness and the network come from.
 *
 * @module
 */

import { randomBytes, randomUUID } from "node:crypto";
import { createAccessTokens } from "./access_token.ts";
import type { SessionId } from "./brands.ts";
import { readConfig } from "./config.ts";
import { createSessionCookies, type SessionCookies } from "./cookies.ts";
import { createDatabaseRpc } from "./database_rpc.ts";
import { createSupabaseIdentityProvider } from "./identity_provider_supabase.ts";
import { createLogger, type Logger } from "./log.ts";
import { deriveSessionKeys } from "./session_keys.ts";
import { createRpcSessionStore } from "./session_store_rpc.ts";
import type { SessionDependencies } from "./sessions/dependencies.ts";
import { importSigningKeys, parseSigningKeys, type SigningKeys } from "./signing_keys.ts";

/** How long one call may take. Together they stay below what a browser or a gateway waits. */
const DATABASE_TIMEOUT_MS = 5_000;
const IDENTITY_PROVIDER_TIMEOUT_MS = 8_000;

/** How old `last_active_at` must be before a validate writes it. */
const ACTIVITY_INTERVAL_SECONDS = 300;

export interface Composition {
  readonly dependencies: SessionDependencies;
  readonly cookies: SessionCookies;
  readonly signingKeys: SigningKeys;
  readonly log: Logger;
  readonly nowMs: () => number;
  readonly newRequestId: () => string;
  readonly allowedOrigins: readonly string[];
  readonly clientIpHeader: string;
  readonly graceSeconds: number;
  readonly exposeAccessToken: boolean;
}

/** @throws {ConfigError} If the environment is wrong, naming every problem */
export async function compose(env: (name: string) => string | undefined): Promise<Composition> {
  const config = readConfig(env);
  const signingKeys = await importSigningKeys(parseSigningKeys(config.signingKeysJson));
  const cookies = createSessionCookies({
    domain: config.cookieDomain,
    sameSite: config.cookieSameSite,
  });
  const log = createLogger({
    level: config.logLevel,
    write: writeLine,
    now: () => new Date(),
  });
  const rpc = createDatabaseRpc({
    supabaseUrl: config.supabaseUrl,
    secretKey: config.secretKey,
    timeoutMs: DATABASE_TIMEOUT_MS,
    fetch,
  });
  const dependencies: SessionDependencies = {
    store: createRpcSessionStore(rpc, {
      ...config,
      activityIntervalSeconds: ACTIVITY_INTERVAL_SECONDS,
    }),
    identityProvider: createSupabaseIdentityProvider({
      supabaseUrl: config.supabaseUrl,
      apiKey: config.loginKey === "secret" ? config.secretKey : config.publishableKey,
      forwardsAddress: config.loginKey === "secret",
      timeoutMs: IDENTITY_PROVIDER_TIMEOUT_MS,
      fetch,
    }),
    accessTokens: createAccessTokens({
      keys: signingKeys,
      issuer: `${config.supabaseUrl}/functions/v1/unified-auth`,
      cookieNameLength: cookies.accessName.length,
    }),
    keys: deriveSessionKeys(config.sessionSecrets, config.supabaseUrl),
    log,
    randomBytes: (length) => new Uint8Array(randomBytes(length)),
    newSessionId: () => randomUUID() as SessionId,
    nowMs: Date.now,
    delay: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
  };
  return {
    dependencies,
    cookies,
    signingKeys,
    log,
    nowMs: () => performance.now(),
    newRequestId: randomUUID,
    allowedOrigins: config.allowedOrigins,
    clientIpHeader: config.clientIpHeader,
    graceSeconds: config.graceSeconds,
    exposeAccessToken: config.exposeAccessToken,
  };
}

/** The console and not standard output: the platform collects the log from there, a call an event. */
function writeLine(line: string): void {
  console.log(line);
}
