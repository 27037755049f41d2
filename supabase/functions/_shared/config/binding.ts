/**
 * Reads whether sessions are bound to the keys of their browsers. A key lies in the storage of one origin, a
 * cookie in a jar that several may share: where one jar can meet two keys, a bound session would be
 * refused to one of the two, and binding is off.
 *
 * @module
 */

import type { EnvironmentReader } from "./environment.ts";
import type { Binding } from "../tokens/binding.ts";

export interface CookieScope {
  readonly domain: string | null;
  readonly sameSite: "lax" | "strict" | "none";
  readonly partitioned: boolean;
}

/** Reads `SESSION_BINDING`: `auto`, or `off`. */
export function readBinding(
  reader: EnvironmentReader,
  origins: readonly string[],
  cookie: CookieScope,
): Binding {
  const binding = reader.choice("SESSION_BINDING", { fallback: "auto", values: ["auto", "off"] });
  return binding === "off" ? { kind: "off", reason: "setting" } : judgeBinding(origins, cookie);
}

/**
 * Resolves `auto`. Origins that differ in their port or scheme alone are two, since cookies know
 * neither. Loopback origins do not count: one for developers must not switch binding off in production.
 */
export function judgeBinding(origins: readonly string[], cookie: CookieScope): Binding {
  if (cookie.domain !== null) return { kind: "off", reason: "cookie_domain" };
  if (cookie.sameSite === "none" && !cookie.partitioned) {
    return { kind: "off", reason: "unpartitioned_cookie" };
  }
  const counted = new Set(origins.filter((origin) => !isLoopback(origin)));
  return counted.size > 1 ? { kind: "off", reason: "several_origins" } : { kind: "on" };
}

const LOOPBACK_HOST = /^(?:localhost|.+\.localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

function isLoopback(origin: string): boolean {
  return URL.canParse(origin) && LOOPBACK_HOST.test(new URL(origin).hostname);
}

/**
 * Reads `SESSION_REBIND_AFTER_SECONDS`: how long a session must have been quiet before another key may
 * take it over. `0`: always; `never`: null.
 */
export function readRebindAfter(reader: EnvironmentReader): number | null {
  const name = "SESSION_REBIND_AFTER_SECONDS";
  if (reader.text(name)?.toLowerCase() === "never") return null;
  return reader.integer(name, { fallback: 86_400, min: 0, max: 400 * 86_400 });
}
