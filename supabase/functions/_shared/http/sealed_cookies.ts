/**
 * The cookies that carry sealed values through a sign-in: httpOnly, for minutes, of this host alone, and
 * each sealed under its own name. A value that is too long for one cookie is split.
 *
 * @module
 */

import { serialize } from "hono/utils/cookie";
import { type CookieSameSite, trimBlanks } from "./cookies.ts";
import { SIGN_IN_COOKIE } from "./sign_in_routes.ts";
import type { Sealer } from "../tokens/sealing.ts";

/** Of name, value and attributes a browser keeps 4,096 bytes (RFC 6265bis section 5.6). */
const MAX_PART_LENGTH = 3_800;

/** Supabase Auth's tokens hold the metadata of the user, which has no limit. */
const MAX_PARTS = 4;

export type SealedCookieName =
  | "pending"
  | "sent"
  /** That this browser has opened a link's page, and nothing more. */
  | "visit"
  | "passkey"
  | `oauth_${string}`;

export interface HeldCookie {
  readonly name: `oauth_${string}`;
  /** In characters of the request, its name included. */
  readonly length: number;
}

export interface SealedCookies {
  /** The value sealed in the cookie of this request; undefined where it is missing, changed or expired. */
  open(cookieHeader: string | null, name: SealedCookieName): Promise<unknown>;
  /** All that the request holds but the flows of OAuth, as text; null: nothing. */
  held(cookieHeader: string | null): string | null;
  /** The cookies of this request that begin so, the newest first: browsers send the oldest first. */
  list(cookieHeader: string | null, start: "oauth_"): readonly HeldCookie[];
  /**
   * `Set-Cookie` values, also to clear the parts of a longer value that the request still holds.
   *
   * @throws {RangeError} If the content has no room
   */
  set(
    cookieHeader: string | null,
    name: SealedCookieName,
    content: unknown,
    options: { readonly lifetimeSeconds: number },
  ): Promise<readonly string[]>;
  /** `Set-Cookie` values that clear it, every part that the request holds. */
  clear(cookieHeader: string | null, name: SealedCookieName): readonly string[];
}

export interface SealedCookieOptions {
  readonly sameSite: CookieSameSite;
  /** As of the session cookies, but that no domain shares these. */
  readonly secure: boolean;
  readonly nameSuffix: string;
}

export function createSealedCookies(
  sealer: Sealer,
  { sameSite, secure, nameSuffix }: SealedCookieOptions,
): SealedCookies {
  const prefix = `${secure ? "__Host-" : ""}${SIGN_IN_COOKIE}${nameSuffix}_`;
  const write = (name: string, value: string, maxAge: number): string => {
    // The provider sends the browser back from its own site, and a strict cookie would stay at home.
    const isOAuth = name.startsWith("oauth_");
    const isPartitioned = sameSite === "none" && !isOAuth;
    return serialize(`${prefix}${name}`, value, {
      path: "/",
      ...(secure ? { secure } : {}),
      httpOnly: true,
      sameSite: isOAuth ? "lax" : sameSite,
      maxAge,
      ...(isPartitioned ? { partitioned: true } : {}),
    });
  };

  /** The parts from `start` on that the request holds. */
  const clearParts = (cookieHeader: string | null, name: string, start: number) => {
    const held = readCookies(cookieHeader, prefix);
    return partNames(name).slice(start).filter((part) => held.has(part))
      .map((part) => write(part, "", 0));
  };

  return {
    async open(cookieHeader, name) {
      const cookies = readCookies(cookieHeader, prefix);
      const first = cookies.get(name);
      const count = Number(first?.[0]);
      if (first === undefined || !(count >= 1 && count <= MAX_PARTS)) return undefined;
      const rest = partNames(name).slice(1, count).map((part) => cookies.get(part));
      if (rest.includes(undefined)) return undefined;
      return await sealer.open([first.slice(2), ...rest].join(""), name);
    },

    held(cookieHeader) {
      const steps = [...readCookies(cookieHeader, prefix)]
        .filter(([name]) => !name.startsWith("oauth_"))
        .map((pair) => pair.join("="));
      return steps.length === 0 ? null : steps.toSorted().join("; ");
    },

    list: (cookieHeader, start) =>
      [...readCookies(cookieHeader, prefix)]
        .filter(([name]) => name.startsWith(start))
        .map(([name, value]) => ({
          name: name as `oauth_${string}`,
          length: prefix.length + name.length + value.length,
        }))
        .toReversed(),

    async set(cookieHeader, name, content, { lifetimeSeconds }) {
      const sealed = await sealer.seal(content, { name, lifetimeSeconds });
      const parts = sealed.match(new RegExp(`.{1,${MAX_PART_LENGTH}}`, "g")) ?? [];
      if (parts.length > MAX_PARTS) {
        throw new RangeError(`Cannot set a sealed cookie of this length: ${sealed.length}`);
      }
      const names = partNames(name);
      return [
        ...parts.map((part, at) =>
          write(names[at] ?? name, at === 0 ? `${parts.length}.${part}` : part, lifetimeSeconds)
        ),
        ...clearParts(cookieHeader, name, parts.length),
      ];
    },

    clear: (cookieHeader, name) => [write(name, "", 0), ...clearParts(cookieHeader, name, 1)],
  };
}

/** The first part has the name itself. */
function partNames(name: string): readonly string[] {
  return [name, ...Array.from({ length: MAX_PARTS - 1 }, (_, at) => `${name}.${at + 1}`)];
}

/** By name without the prefix. No other site can set one with `__Host-`, so there are no two of a name. */
function readCookies(cookieHeader: string | null, prefix: string): ReadonlyMap<string, string> {
  const cookies = new Map<string, string>();
  for (const pair of (cookieHeader ?? "").split(";")) {
    const equals = pair.indexOf("=");
    const name = trimBlanks(pair.slice(0, Math.max(equals, 0)));
    if (!name.startsWith(prefix)) continue;
    cookies.set(name.slice(prefix.length), trimBlanks(pair.slice(equals + 1)));
  }
  return cookies;
}
