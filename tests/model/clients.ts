/**
 * Browsers and thieves: a cookie jar, what it held before, replies that are still under way, and the
 * last request, of which the network may deliver a second copy. Judges nothing.
 *
 * @module
 */

import type { AccessClaims } from "../../supabase/functions/_shared/access_token.ts";
import type { SessionId } from "../../supabase/functions/_shared/brands.ts";
import type { GenuineRefreshToken } from "../../supabase/functions/_shared/refresh_token.ts";
import type { RequestContext } from "../../supabase/functions/_shared/session_store.ts";
import type { Micros } from "./rotation_model.ts";

export interface HeldAccessToken {
  readonly claims: AccessClaims;
  /** In model time. */
  readonly expiresAt: Micros;
}

/** What a browser's cookies hold, or what a thief copied of them. Replaced, never changed. */
export interface Jar {
  readonly access: HeldAccessToken | null;
  readonly refresh: GenuineRefreshToken | null;
}

export const EMPTY_JAR: Jar = { access: null, refresh: null };

export interface Reply {
  readonly answeredAt: Micros;
  readonly jar: Jar;
}

export interface Client {
  readonly name: string;
  readonly isThief: boolean;
  userAgent: string;
  jar: Jar;
  /** Every jar it had, oldest first: what a crash may bring back. */
  readonly past: { readonly since: Micros; readonly jar: Jar }[];
  readonly late: Reply[];
  lastSent: { readonly at: Micros; readonly jar: Jar } | null;
}

export function createClients(): readonly Client[] {
  const create = (name: string, userAgent: string, isThief = false): Client => ({
    name,
    isThief,
    userAgent,
    jar: EMPTY_JAR,
    past: [],
    late: [],
    lastSent: null,
  });
  return [
    create("laptop", "Firefox"),
    create("desktop", "Firefox"),
    create("phone", "Safari"),
    create("thief", "curl", true),
    create("second thief", "wget", true),
  ];
}

/** The sessions whose cookies an answer would clear. */
export function sessionsOf({ access, refresh }: Jar): ReadonlySet<SessionId> {
  const ids = [access?.claims.sessionId, refresh?.sessionId];
  return new Set(ids.filter((id) => id !== undefined));
}

export function keep(client: Client, jar: Jar, now: Micros): void {
  client.jar = jar;
  client.past.push({ since: now, jar });
}

/** The jar as it was `age` ago. */
export function jarBefore(client: Client, { now, age }: { now: Micros; age: Micros }): Jar {
  return client.past.findLast(({ since }) => since <= now - age)?.jar ?? EMPTY_JAR;
}

export function contextOf({ userAgent }: Client): RequestContext {
  return {
    requestId: "model",
    ip: "192.0.2.1",
    userAgent,
  };
}
