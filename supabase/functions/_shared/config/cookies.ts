/**
 * Reads how the session cookies are named, and whether they are `Secure`. Browsers keep cookies without
 * `Secure` from anybody who can answer a plain HTTP request, so that is for the loopback only.
 *
 * @module
 */

import type { CookieSameSite } from "../http/cookies.ts";
import type { EnvironmentReader } from "./environment.ts";

export interface CookieNames {
  /** `SESSION_COOKIE_PREFIX`, set and empty: neither the prefix nor `Secure`. @default {true} */
  readonly cookieSecure: boolean;
  /** `SESSION_COOKIE_SUFFIX`, with an underscore before it. @default {""} */
  readonly cookieSuffix: string;
}

const LOOPBACK_HOST = /^(?:localhost|(?:[a-z0-9-]+\.)+localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

export function readCookieNames(
  reader: EnvironmentReader,
  { supabaseUrl, domain, sameSite }: {
    readonly supabaseUrl: string;
    readonly domain: string | null;
    readonly sameSite: CookieSameSite;
  },
): CookieNames {
  return {
    cookieSecure: !readsEmptyPrefix(reader, { supabaseUrl, domain, sameSite }),
    cookieSuffix: readSuffix(reader),
  };
}

function readsEmptyPrefix(
  reader: EnvironmentReader,
  { supabaseUrl, domain, sameSite }: Parameters<typeof readCookieNames>[1],
): boolean {
  const name = "SESSION_COOKIE_PREFIX";
  if (!reader.isSet(name)) return false;
  const prefix = reader.text(name);
  if (prefix !== null) {
    reader.problem(name, `must be empty or not set: ${JSON.stringify(prefix)}`);
    return false;
  }
  if (!isPlainLoopback(supabaseUrl)) {
    reader.problem(
      name,
      `may be empty only where SUPABASE_URL is plain http on this machine: unset it`,
    );
  }
  if (domain !== null || sameSite === "none") {
    reader.problem(name, "cannot be empty beside SESSION_COOKIE_DOMAIN or SameSite=None");
  }
  return true;
}

function readSuffix(reader: EnvironmentReader): string {
  const name = "SESSION_COOKIE_SUFFIX";
  const suffix = reader.text(name);
  if (suffix === null) return "";
  if (!/^[A-Za-z0-9_-]{1,32}$/.test(suffix)) {
    reader.problem(
      name,
      `must be 1 to 32 letters, digits, - or _: ${JSON.stringify(suffix)}`,
    );
  }
  return `_${suffix}`;
}

function isPlainLoopback(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname } = new URL(url);
  return protocol === "http:" && LOOPBACK_HOST.test(hostname);
}
