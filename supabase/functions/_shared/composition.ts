/**
 * Puts the parts together for both functions: the only module that knows which implementation stands
 * behind each interface, and where time, randomness and the network come from.
 *
 * @module
 */

import { createAccessTokens } from "./tokens/access_token.ts";
import { rememberGenuineTokens } from "./tokens/access_token_memory.ts";
import type { SessionId } from "./brands.ts";
import type { Binding } from "./tokens/binding.ts";
import { type Config, ConfigError, readConfig } from "./config/config.ts";
import { createSessionCookies, type SessionCookies } from "./http/cookies.ts";
import type { SignInParts } from "./http/sign_in_steps.ts";
import type { CallSqlFunction } from "./store/sql_functions.ts";
import { createDataApiFunctions } from "./store/sql_functions_data_api.ts";
import { repeatRolledBack } from "./store/sql_functions_repeat.ts";
import type { IdentityProvider } from "./identity/identity_provider.ts";
import { deferIdentityProvider } from "./identity/deferred_identity_provider.ts";
import { loadOnce } from "./load_once.ts";
import { createLogger, type Logger } from "./log.ts";
import { ServiceUnavailableError } from "./service_unavailable.ts";
import { deriveSessionKeys } from "./tokens/session_keys.ts";
import { createSqlSessionStore } from "./store/sql_session_store.ts";
import type { SessionDependencies } from "./sessions/dependencies.ts";
import { RIGHT_PASSWORD_RATE } from "./sessions/login_throttle.ts";
import { createRefusalPace } from "./sessions/refusal_pace.ts";
import { importSigningKeys, type SigningKeys, SigningKeysError } from "./tokens/signing_keys.ts";

/** How long one call may take. Together they stay below what a browser or a gateway waits. */
const DATABASE_TIMEOUT_MS = 5_000;
/** Of that, what a call may wait for a connection, where the functions keep their own. */
const CONNECT_TIMEOUT_MS = 2_000;
const IDENTITY_PROVIDER_TIMEOUT_MS = 8_000;

/** Connections of one process. More than a few cost throughput, and the database has few to give. */
const POOL_SIZE = 4;
/** Beside them, for the statements that validates share. One more can leave while the first is under way. */
const BATCH_CONNECTIONS = 2;
/** Shared requests to the data API, under way at once. Each takes longer, and no connection of ours. */
const BATCH_REQUESTS = 4;

/** Some 1 kB each, 8 kB at worst: a quarter of the platform's memory if every one were the largest. */
const ACCESS_TOKENS_REMEMBERED = 8_000;

/**
 * How old `last_active_at` must be before a validate writes it. A visible page validates every five
 * minutes: with as many here, each of those would also be a write (docs/scaling.md).
 */
const ACTIVITY_INTERVAL_SECONDS = 900;

/**
 * Refreshes of one session: 300 at once, then one a second. A hundred tabs that wake together need a
 * hundred, once; a page that reloads in a loop is throttled and stays signed in.
 */
const REFRESH_BURST = 300;
const REFRESH_INTERVAL_SECONDS = 1;

export interface Composition {
  readonly dependencies: SessionDependencies;
  readonly cookies: SessionCookies;
  readonly loadSignIn: () => Promise<SignInParts>;
  readonly signingKeys: SigningKeys;
  readonly log: Logger;
  readonly nowMs: () => number;
  readonly newRequestId: () => string;
  readonly allowedOrigins: readonly string[];
  readonly clientIpHeader: string;
  readonly graceSeconds: number;
  readonly exposeAccessToken: boolean;
  readonly bindsSessions: boolean;
  readonly binding: Binding;
}

/** @throws {ConfigError} If the environment is wrong, naming every problem */
export async function compose(env: (name: string) => string | undefined): Promise<Composition> {
  const config = readConfig(env);
  const signingKeys = await loadSigningKeys(config);
  const cookies = createSessionCookies({
    domain: config.cookieDomain,
    sameSite: config.cookieSameSite,
    secure: config.cookieSecure,
    nameSuffix: config.cookieSuffix,
  });
  const log = createLogger({
    write: writeLine,
    now: () => new Date(),
  });
  const call = repeatRolledBack(createSqlFunctions(config));
  const issuer = `${config.supabaseUrl}/functions/v1/unified-auth`;
  const dependencies: SessionDependencies = {
    store: createSqlSessionStore(call, {
      ...config,
      activityIntervalSeconds: ACTIVITY_INTERVAL_SECONDS,
      refreshBurst: REFRESH_BURST,
      refreshIntervalSeconds: REFRESH_INTERVAL_SECONDS,
      ...RIGHT_PASSWORD_RATE,
      issuer,
    }),
    identityProvider: deferIdentityProvider(() => loadIdentityProvider(config)),
    accessTokens: rememberGenuineTokens(
      createAccessTokens({
        keys: signingKeys,
        issuer,
        cookieNameLength: cookies.accessName.length,
      }),
      {
        capacity: ACCESS_TOKENS_REMEMBERED,
        graceSeconds: config.graceSeconds,
        nowMs: Date.now,
      },
    ),
    keys: deriveSessionKeys(config.sessionSecrets, config.keyContext),
    log,
    lifetimes: config,
    randomBytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
    newSessionId: () => crypto.randomUUID() as SessionId,
    nowMs: Date.now,
    refusalPace: createRefusalPace({ nowMs: Date.now, delay }),
  };
  await requireHook(dependencies, config);
  return {
    dependencies,
    cookies,
    loadSignIn: () => loadSignIn({ config, dependencies, call }),
    signingKeys,
    log,
    nowMs: () => performance.now(),
    newRequestId: () => crypto.randomUUID(),
    allowedOrigins: config.allowedOrigins,
    clientIpHeader: config.clientIpHeader,
    graceSeconds: config.graceSeconds,
    exposeAccessToken: config.exposeAccessToken,
    bindsSessions: config.binding.kind === "on",
    binding: config.binding,
  };
}

/** A database that is away is no reason not to start: each refresh asks for the hook anyway. */
async function requireHook(
  { store, log }: SessionDependencies,
  { accessTokenHook }: Config,
): Promise<void> {
  if (accessTokenHook === null) return;
  let exists = true;
  try {
    exists = await store.hasAccessTokenHook(accessTokenHook);
  } catch (error: unknown) {
    if (!(error instanceof ServiceUnavailableError)) throw error;
    log.warn("the access token hook was not checked", { cause: error.code });
  }
  if (!exists) {
    throw new ConfigError([
      `SESSION_ACCESS_TOKEN_HOOK must name a function that takes and returns jsonb: ${
        JSON.stringify(accessTokenHook)
      }`,
    ]);
  }
}

/** Importing the keys also finds a private and a public half that do not belong together. */
async function loadSigningKeys(config: Config): Promise<SigningKeys> {
  try {
    return await importSigningKeys(config.signingKeys);
  } catch (error: unknown) {
    if (!(error instanceof SigningKeysError)) throw error;
    throw new ConfigError([`SESSION_SIGNING_KEYS cannot be used: ${error.message}`]);
  }
}

/** Loaded at the first sign-in that is none by password alone. */
async function loadSignIn(
  { config, dependencies, call }: {
    readonly config: Config;
    readonly dependencies: SessionDependencies;
    readonly call: CallSqlFunction;
  },
): Promise<SignInParts> {
  const [
    { createSupabaseSignInProvider },
    { createSqlSignInStore },
    { createSealer },
    { createSealedCookies },
  ] = await Promise.all([
    import("./identity/supabase_auth_sign_in.ts"),
    import("./store/sql_sign_in_store.ts"),
    import("./tokens/sealing.ts"),
    import("./http/sealed_cookies.ts"),
  ]);
  const { keys, randomBytes, nowMs } = dependencies;
  const sealer = createSealer({
    keys: [keys.signing, ...keys.all.slice(1)],
    nowMs,
    randomBytes,
  });
  return {
    dependencies: {
      ...dependencies,
      signInProvider: createSupabaseSignInProvider({
        supabaseUrl: config.supabaseUrl,
        apiKey: config.loginKey === "secret" ? config.secretKey : config.publishableKey,
        secretKey: config.secretKey,
        forwardsAddress: config.loginKey === "secret",
        publicUrl: config.publicUrl,
        timeoutMs: IDENTITY_PROVIDER_TIMEOUT_MS,
        fetch,
      }),
      signInStore: createSqlSignInStore(call),
      messagePace: createRefusalPace({ nowMs, delay }),
      codePace: createRefusalPace({ nowMs, delay }),
    },
    sealedCookies: createSealedCookies(sealer, {
      sameSite: config.cookieSameSite,
      secure: config.cookieSecure,
      nameSuffix: config.cookieSuffix,
    }),
    publicUrl: config.publicUrl,
  };
}

/** Loaded at the first login: supabase-js takes a third of a cold start, and a validate never uses it. */
async function loadIdentityProvider(config: Config): Promise<IdentityProvider> {
  const { createSupabaseIdentityProvider } = await import("./identity/supabase_auth.ts");
  return createSupabaseIdentityProvider({
    supabaseUrl: config.supabaseUrl,
    apiKey: config.loginKey === "secret" ? config.secretKey : config.publishableKey,
    forwardsAddress: config.loginKey === "secret",
    timeoutMs: IDENTITY_PROVIDER_TIMEOUT_MS,
    fetch,
  });
}

/** The driver is loaded with the first call: a preflight, or a visitor without a session, needs none. */
function createSqlFunctions(
  { databaseRoute: route, supabaseUrl, secretKey }: Config,
): CallSqlFunction {
  if (route.kind === "data-api") {
    return createDataApiFunctions({
      supabaseUrl,
      secretKey,
      batchRequests: BATCH_REQUESTS,
      timeoutMs: DATABASE_TIMEOUT_MS,
      fetch,
    });
  }
  const functions = loadOnce(async () => {
    const { createPostgresFunctions } = await import("./store/sql_functions_postgres.ts");
    return createPostgresFunctions({
      address: route.address,
      poolSize: POOL_SIZE,
      batchConnections: BATCH_CONNECTIONS,
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      timeoutMs: DATABASE_TIMEOUT_MS,
    });
  });
  return async (name, args) => await (await functions()).call(name, args);
}

function delay(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** The console and not standard output: the platform collects the log from there, a call an event. */
function writeLine(line: string): void {
  console.log(line);
}
