/**
 * A project over a database that is already there: both emulators, the functions in their processes and
 * the gateway before them. `deno task start` serves it and tests run against it.
 *
 * @module
 */
import type { JWK } from "jose";
import {
  importSigningKeys,
  parseSigningKeys,
} from "../../supabase/functions/_shared/tokens/signing_keys.ts";
import { createAuthEmulator } from "./auth/auth_api.ts";
import { createMailbox, type Mailbox } from "./auth/mailbox.ts";
import { type AuthSettings, hostedSettings } from "./auth/settings.ts";
import {
  type FunctionOptions,
  type FunctionProcess,
  listFunctions,
  startFunction,
} from "./function_processes.ts";
import { createGateway, type Gateway, type Site } from "./gateway.ts";
import { outliveDriverFaults } from "./postgres/driver_faults.ts";
import type { ProjectKeys } from "./project_keys.ts";
import { createRestEmulator } from "./rest/rest_api.ts";
import type { Secrets } from "./secrets.ts";
import { messageOf, StackError } from "./stack_error.ts";
import { createSignatureChecker } from "./token_signatures.ts";

/** A project that serves. */
export interface Stack extends AsyncDisposable {
  /** Of the gateway, without a slash at the end: `http://127.0.0.1:54321`. */
  readonly baseUrl: string;
  /** `${baseUrl}/functions/v1` */
  readonly functionsUrl: string;
  readonly keys: ProjectKeys;
  /** The functions' environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** How Supabase Auth lets people in; may be changed while it serves. */
  readonly authSettings: AuthSettings;
  /** The messages that Supabase Auth has sent. */
  readonly mailbox: Mailbox;
  /** The processes of each function, by its name. */
  readonly functions: Readonly<Record<string, readonly FunctionProcess[]>>;
  /** Replaces every process of every function by one of another release, as a deploy does. */
  deploy(release: Release): Promise<void>;
  /** Resolves once no request is being answered: what callers that have gone away began may go on. */
  whenIdle(): Promise<void>;
  /** Stops serving and ends the functions. The database stays. */
  stop(): Promise<void>;
}

/** Where a release's functions stand, the packages that they import, and the Deno that runs them. */
export type Release = Pick<FunctionOptions, "projectDirectory" | "configFile" | "denoPath">;

/** The parts of the project that a site served with it may use. */
export type SiteProject = Pick<Stack, "functionsUrl" | "environment" | "mailbox">;

/** The options of a stack. */
export interface StackOptions {
  /** The directory that holds `supabase/`. */
  readonly projectDirectory: string;
  /** The URL of the database as `role`. */
  readonly databaseUrl: (role: string) => string;
  readonly secrets: Secrets;
  /** Of the gateway. @default {0, which takes a free one} */
  readonly port?: number;
  /** Which functions to run. @default {all of the project} */
  readonly functions?: readonly string[];
  /** Of which release they are. @default {what stands in `projectDirectory`} */
  readonly release?: Release;
  /** Processes per function. @default {1} */
  readonly instances?: number;
  /** More of the functions' environment; wins over what the stack gives. @default {none} */
  readonly environment?: Readonly<Record<string, string>>;
  /** See `GatewayOptions`. @default {false} */
  readonly keepClientAddress?: boolean;
  /** Makes what answers every path that is no function and no emulator. @default {404} */
  readonly site?: (project: SiteProject) => Site;
  /** The schemas that the data API exposes; the first is the default. @default {["public"]} */
  readonly exposedSchemas?: readonly string[];
  /** Connections of the PostgREST emulator. @default {10} */
  readonly restPoolSize?: number;
  /** How long a request waits for one of them. @default {10_000} */
  readonly restAcquisitionTimeoutMs?: number;
  /** Hears every line that a function writes. */
  readonly onFunctionLine?: (name: string, line: string) => void;
}

/** How long requests under way may take when the stack stops. */
const PATIENCE_MS = 1_000;

/** Resolves when everything answers. @throws {StackError} */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { secrets, projectDirectory, databaseUrl, instances = 1, onFunctionLine } = options;
  const { projectKeys: keys } = secrets;
  const processes: Record<string, FunctionProcess[]> = {};
  outliveDriverFaults();

  // The services need the server's address, and the server needs the gateway: a request waits for it.
  const gateway = Promise.withResolvers<Gateway>();
  const answering = new Set<Promise<Response>>();
  const server = listen(options.port ?? 0, async (request, { remoteAddr }) => {
    const answer = gateway.promise.then((answerTo) => answerTo(request, remoteAddr.hostname));
    answering.add(answer);
    try {
      return await answer;
    } finally {
      answering.delete(answer);
    }
  });
  const baseUrl = `http://127.0.0.1:${server.addr.port}`;

  const environment: Record<string, string> = {
    ...functionEnvironment({ baseUrl, secrets, databaseUrl: databaseUrl("postgres") }),
    ...options.environment,
  };
  // The project's address as the functions know it: a test may have put a proxy in between.
  const projectHost = new URL(environment["SUPABASE_URL"] ?? baseUrl).host;
  const trusted = await trustedKeys(secrets, environment);
  const checkSignature = createSignatureChecker({ ...trusted, jwtSecret: keys.jwtSecret });
  const caller = { keys, checkSignature, now: Date.now };

  const rest = createRestEmulator({
    ...caller,
    databaseUrl: databaseUrl("authenticator"),
    ...(options.exposedSchemas ? { schemas: options.exposedSchemas } : {}),
    ...(options.restPoolSize ? { poolSize: options.restPoolSize } : {}),
    ...(options.restAcquisitionTimeoutMs
      ? { acquisitionTimeoutMs: options.restAcquisitionTimeoutMs }
      : {}),
  });
  const authSettings = hostedSettings(baseUrl);
  const mailbox = createMailbox(authSettings);
  const auth = createAuthEmulator({
    ...caller,
    settings: authSettings,
    mailbox,
    databaseUrl: databaseUrl("supabase_auth_admin"),
    signingKey: secrets.authSigningKey,
    issuer: `${baseUrl}/auth/v1`,
    publicJwks: trusted.publicJwks,
  });
  const site = options.site?.({ functionsUrl: `${baseUrl}/functions/v1`, environment, mailbox });
  gateway.resolve(createGateway({
    rest,
    auth,
    instancesOf: (name) => processes[name]?.map(({ url }) => url) ?? [],
    keepClientAddress: options.keepClientAddress ?? false,
    ...(site ? { site } : {}),
  }));

  const stop = async () => {
    const patience = Promise.withResolvers<void>();
    const timer = setTimeout(patience.resolve, PATIENCE_MS);
    const ended = server.shutdown();
    await Promise.race([ended, patience.promise]);
    clearTimeout(timer);
    // Everything that still waits, waits for one of these. (An abort after a shutdown is an error in Deno.)
    await Promise.all(Object.values(processes).flat().map((process) => process.stop()));
    await Promise.all([rest.close(), auth.close()]);
    await ended;
  };

  const names = options.functions ?? await listFunctions(projectDirectory);
  const start = async (name: string, release: Release) => {
    const process = await startFunction({
      ...release,
      name,
      environment,
      mayReach: [projectHost],
      ...(onFunctionLine ? { onLine: (line) => onFunctionLine(name, line) } : {}),
    });
    (processes[name] ??= []).push(process);
  };
  const starts = names.flatMap((name) =>
    Array.from({ length: instances }, () => start(name, options.release ?? { projectDirectory }))
  );
  const failed = (await Promise.allSettled(starts)).find(({ status }) => status === "rejected");
  if (failed?.status === "rejected") {
    await stop();
    throw failed.reason;
  }
  return {
    baseUrl,
    functionsUrl: `${baseUrl}/functions/v1`,
    keys,
    environment,
    authSettings,
    mailbox,
    functions: processes,
    async deploy(release) {
      await Promise.all(names.map(async (name) => {
        const replaced = processes[name]?.splice(0) ?? [];
        await Promise.all(replaced.map((process) => process.stop()));
        await start(name, release);
      }));
    },
    async whenIdle() {
      while (answering.size > 0) await Promise.allSettled(answering);
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** The environment that the platform gives the functions, with the settings without which ours do not start. */
export function functionEnvironment({ baseUrl, secrets, databaseUrl }: {
  readonly baseUrl: string;
  readonly secrets: Secrets;
  /** As the role `postgres`. */
  readonly databaseUrl: string;
}): Readonly<Record<string, string>> {
  const { projectKeys: keys, sessions } = secrets;
  return {
    SUPABASE_URL: baseUrl,
    SUPABASE_SECRET_KEYS: JSON.stringify({ default: keys.secret }),
    SUPABASE_PUBLISHABLE_KEYS: JSON.stringify({ default: keys.publishable }),
    SUPABASE_SERVICE_ROLE_KEY: keys.serviceRole,
    SUPABASE_ANON_KEY: keys.anon,
    SUPABASE_DB_URL: databaseUrl,
    ...sessions,
  };
}

/** Says now what would otherwise be said after a database has started. @throws {StackError} */
export function requireFreePort(port: number): void {
  try {
    Deno.listen({ hostname: "127.0.0.1", port }).close();
  } catch (thrown) {
    throw portError(port, thrown);
  }
}

function portError(port: number, thrown: unknown): StackError {
  if (!(thrown instanceof Deno.errors.AddrInUse)) return new StackError(messageOf(thrown));
  return new StackError(
    `Port ${port} is taken: stop what listens there, or set UNIFIED_AUTH_PORT to another`,
  );
}

function listen(
  port: number,
  handler: Deno.ServeHandler<Deno.NetAddr>,
): Deno.HttpServer<Deno.NetAddr> {
  try {
    return Deno.serve({ hostname: "127.0.0.1", port, onListen: () => {} }, handler);
  } catch (thrown) {
    throw portError(port, thrown);
  }
}

/** The project trusts what Supabase Auth signs and what the sessions sign, and publishes both. */
async function trustedKeys(
  secrets: Secrets,
  environment: Readonly<Record<string, string>>,
): Promise<{ keys: JWK[]; publicJwks: JWK[] }> {
  const sessionKeys = readSigningKeys(environment.SESSION_SIGNING_KEYS ?? "");
  const { publicJwks } = await importSigningKeys(sessionKeys);
  const { d: _, ...authKey } = secrets.authSigningKey;
  return {
    keys: [authKey, ...sessionKeys],
    publicJwks: [authKey, ...publicJwks.keys].map((key) => ({ ...key, key_ops: ["verify"] })),
  };
}

function readSigningKeys(json: string): ReturnType<typeof parseSigningKeys> {
  try {
    return parseSigningKeys(json);
  } catch (thrown) {
    throw new StackError(`SESSION_SIGNING_KEYS cannot be used: ${messageOf(thrown)}`);
  }
}
