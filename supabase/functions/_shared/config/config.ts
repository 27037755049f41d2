/**
 * The configuration: every variable that the functions know, read and checked once at the start. The
 * only entry to the environment, which the composition roots pass in.
 *
 * @module
 */

import { PLATFORM_IP_HEADER } from "../client_address.ts";
import { type AccessTokenSettings, readAccessTokenSettings } from "./access_tokens.ts";
import { type CookieNames, readCookieNames } from "./cookies.ts";
import type { Binding } from "../tokens/binding.ts";
import { readBinding, readRebindAfter } from "./binding.ts";
import { type DatabaseRoute, readDatabaseRoute } from "./database.ts";
import { type Lifetimes, readLifetimes } from "./lifetimes.ts";
import { readApiKey, readSessionSecrets, readSigningKeys } from "./secrets.ts";
import { type CookieSameSite, isPartitioned } from "../http/cookies.ts";
import {
  createEnvironmentReader,
  type Environment,
  type EnvironmentReader,
} from "./environment.ts";
import { canonicalOrigin } from "../http/origins.ts";
import type { SigningJwk } from "../tokens/signing_keys.ts";

const HOST_NAME =
  /^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/;
const HEADER_NAME = /^[a-z0-9!#$%&'*+.^_`|~-]+$/;

/** Checked settings. Plain data; `SESSION_…` names the variable that each comes from. */
export interface Config extends Lifetimes, CookieNames, AccessTokenSettings {
  /** `SUPABASE_URL`, without a trailing slash. */
  readonly supabaseUrl: string;
  /** From `SUPABASE_SECRET_KEYS`, or `SUPABASE_SERVICE_ROLE_KEY`. */
  readonly secretKey: string;
  /** From `SUPABASE_PUBLISHABLE_KEYS`, or `SUPABASE_ANON_KEY`. */
  readonly publishableKey: string;
  /** `SESSION_STORE`, and `SUPABASE_DB_URL` for `postgres`. @default {{ kind: "data-api" }} */
  readonly databaseRoute: DatabaseRoute;
  /** `SESSION_SECRET`, newest first, each of at least 32 bytes. */
  readonly sessionSecrets: readonly string[];
  /** `SESSION_KEY_CONTEXT`: the project that the keys of `SESSION_SECRET` are bound to. @default {supabaseUrl} */
  readonly keyContext: string;
  /** `SESSION_SIGNING_KEYS`, newest first. */
  readonly signingKeys: readonly SigningJwk[];
  /**
   * `SESSION_PUBLIC_URL`: where browsers reach the function `unified-auth`, without a trailing slash.
   * @default {`${SUPABASE_URL}/functions/v1/unified-auth`}
   */
  readonly publicUrl: string;
  /** `SESSION_ALLOWED_ORIGINS`, as browsers write them. @default {[]} */
  readonly allowedOrigins: readonly string[];
  /** `SESSION_MAX_PER_USER` @default {5} */
  readonly maxSessionsPerUser: number;
  /** `SESSION_COOKIE_DOMAIN` @default {null} */
  readonly cookieDomain: string | null;
  /** `SESSION_COOKIE_SAMESITE` @default {"lax"} */
  readonly cookieSameSite: CookieSameSite;
  /** `SESSION_BINDING`, and what `auto` makes of the origins and the cookie. @default {"auto"} */
  readonly binding: Binding;
  /** `SESSION_REBIND_AFTER_SECONDS`; null: `never`. @default {86400} */
  readonly rebindAfterSeconds: number | null;
  /** `SESSION_EXPOSE_ACCESS_TOKEN` @default {false} */
  readonly exposeAccessToken: boolean;
  /** `SESSION_CLIENT_IP_HEADER`, in lower case. @default {"cf-connecting-ip"} */
  readonly clientIpHeader: string;
  /** `SESSION_LOGIN_KEY`: the key that password logins are sent to Supabase Auth with. @default {"secret"} */
  readonly loginKey: "secret" | "publishable";
}

/** The environment cannot be used. `problems` names every variable at fault and no secret's value. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  constructor(readonly problems: readonly string[]) {
    super(`Cannot start with this environment:\n${problems.map((each) => `- ${each}`).join("\n")}`);
  }
}

/**
 * Reads the configuration.
 *
 * @throws {ConfigError} If anything is missing or wrong
 */
export function readConfig(env: Environment): Config {
  const reader = createEnvironmentReader(env);
  const supabaseUrl = readSupabaseUrl(reader);
  const allowedOrigins = readAllowedOrigins(reader);
  const cookieDomain = readCookieDomain(reader);
  const cookieSameSite = reader.choice("SESSION_COOKIE_SAMESITE", {
    fallback: "lax",
    values: ["lax", "strict", "none"],
  });
  const config: Config = {
    supabaseUrl,
    secretKey: readApiKey(reader, {
      dictionary: "SUPABASE_SECRET_KEYS",
      legacy: "SUPABASE_SERVICE_ROLE_KEY",
    }),
    publishableKey: readApiKey(reader, {
      dictionary: "SUPABASE_PUBLISHABLE_KEYS",
      legacy: "SUPABASE_ANON_KEY",
    }),
    databaseRoute: readDatabaseRoute(reader),
    sessionSecrets: readSessionSecrets(reader),
    keyContext: reader.text("SESSION_KEY_CONTEXT") ?? supabaseUrl,
    signingKeys: readSigningKeys(reader),
    publicUrl: readPublicUrl(reader),
    allowedOrigins,
    ...readLifetimes(reader),
    maxSessionsPerUser: reader.integer("SESSION_MAX_PER_USER", { fallback: 5, min: 1, max: 100 }),
    cookieDomain,
    cookieSameSite,
    ...readCookieNames(reader, { supabaseUrl, domain: cookieDomain, sameSite: cookieSameSite }),
    binding: readBinding(reader, allowedOrigins, {
      domain: cookieDomain,
      sameSite: cookieSameSite,
      partitioned: isPartitioned(cookieSameSite),
    }),
    rebindAfterSeconds: readRebindAfter(reader),
    ...readAccessTokenSettings(reader),
    exposeAccessToken: reader.flag("SESSION_EXPOSE_ACCESS_TOKEN", { fallback: false }),
    clientIpHeader: readClientIpHeader(reader),
    loginKey: reader.choice("SESSION_LOGIN_KEY", {
      fallback: "secret",
      values: ["secret", "publishable"],
    }),
  };
  if (reader.problems.length > 0) throw new ConfigError(reader.problems);
  return config;
}

function readSupabaseUrl(reader: EnvironmentReader): string {
  const text = reader.required("SUPABASE_URL");
  if (text === "") return text;
  if (!/^https?:\/\/[^?#@]+$/i.test(text) || !URL.canParse(text)) {
    reader.problem("SUPABASE_URL", "must be an http or https URL without credentials or a query");
  }
  return text.replace(/\/+$/, "");
}

function readPublicUrl(reader: EnvironmentReader): string {
  const name = "SESSION_PUBLIC_URL";
  const project = reader.text("SUPABASE_URL")?.replace(/\/+$/, "") ?? "";
  const text = reader.text(name) ?? `${project}/functions/v1/unified-auth`;
  if (reader.text(name) !== null && !(/^https?:\/\/[^?#@]+$/i.test(text) && URL.canParse(text))) {
    reader.problem(name, "must be an http or https URL without credentials or a query");
  }
  return text.replace(/\/+$/, "");
}

function readAllowedOrigins(reader: EnvironmentReader): readonly string[] {
  const name = "SESSION_ALLOWED_ORIGINS";
  return reader.list(name).map((entry) => {
    const origin = canonicalOrigin(entry);
    if (origin === null) {
      reader.problem(
        name,
        `must list exact origins such as https://app.example.com: ${JSON.stringify(entry)}`,
      );
    }
    return origin ?? entry;
  });
}

/** The host goes into the cookies as it stands; a single label or an address no browser would take. */
function readCookieDomain(reader: EnvironmentReader): string | null {
  const name = "SESSION_COOKIE_DOMAIN";
  const domain = reader.text(name)?.toLowerCase() ?? null;
  if (domain !== null && !HOST_NAME.test(domain)) {
    reader.problem(name, `must be a host name such as example.com: ${JSON.stringify(domain)}`);
  }
  return domain;
}

function readClientIpHeader(reader: EnvironmentReader): string {
  const name = "SESSION_CLIENT_IP_HEADER";
  const header = reader.text(name)?.toLowerCase() ?? PLATFORM_IP_HEADER;
  if (!HEADER_NAME.test(header)) {
    reader.problem(name, `must be the name of a header: ${JSON.stringify(header)}`);
  }
  return header;
}
