/**
 * Browsers and thieves: a cookie jar, what it held before, replies that are still under way, and the
 * last request, of which the network may deliver a second copy. Judges nothing.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";
import type { AccessClaims } from "../../../supabase/functions/_shared/tokens/access_token.ts";
import type { KeyThumbprint, SessionId } from "../../../supabase/functions/_shared/brands.ts";
import type { GenuineRefreshToken } from "../../../supabase/functions/_shared/tokens/refresh_token.ts";
import type { RequestContext } from "../../../supabase/functions/_shared/store/session_store.ts";
import type { KeyName, Micros, ModelChallenge } from "./rotation_model.ts";

export interface HeldAccessToken {
  readonly claims: AccessClaims;
  /** In model time. */
  readonly expiresAt: Micros;
}

/**
 * The tokens in a browser's cookies, or a thief's copy of them, and the last challenge that its page was
 * given. Replaced, never changed.
 */
export interface Jar {
  readonly access: HeldAccessToken | null;
  readonly refresh: GenuineRefreshToken | null;
  readonly challenge: ModelChallenge | null;
}

/** The proof of a request: none, by a key without a challenge, or by a key over a challenge. */
export type SentProof =
  | { readonly kind: "none" }
  | { readonly kind: "unusable" }
  | {
    readonly kind: "signed";
    readonly key: KeyThumbprint;
    readonly challenge: ModelChallenge;
  };

export const EMPTY_JAR: Jar = { access: null, refresh: null, challenge: null };

export interface Reply {
  readonly answeredAt: Micros;
  readonly jar: Jar;
}

export interface Client {
  readonly name: string;
  readonly isThief: boolean;
  userAgent: string;
  key: KeyThumbprint | null;
  jar: Jar;
  /** Every jar it had, oldest first: what a crash may bring back. */
  readonly past: { readonly since: Micros; readonly jar: Jar }[];
  readonly late: Reply[];
  lastSent: { readonly at: Micros; readonly jar: Jar; readonly proof: SentProof } | null;
}

export function createKey(): KeyThumbprint {
  return new Uint8Array(randomBytes(16)) as KeyThumbprint;
}

export function keyName(key: KeyThumbprint | null): KeyName {
  return key && Buffer.from(key).toString("hex");
}

/** The proof that this browser's page sends with one of its jars. */
export function proofOf({ key }: Client, { challenge }: Jar): SentProof {
  if (key === null) return { kind: "none" };
  return challenge === null ? { kind: "unusable" } : { kind: "signed", key, challenge };
}

export function createClients(
  { laptopHasKey }: { readonly laptopHasKey: boolean },
): readonly Client[] {
  const create = (
    name: string,
    userAgent: string,
    { isThief = false, hasKey = false } = {},
  ): Client => ({
    name,
    isThief,
    userAgent,
    key: hasKey ? createKey() : null,
    jar: EMPTY_JAR,
    past: [],
    late: [],
    lastSent: null,
  });
  return [
    create("laptop", "Firefox", { hasKey: laptopHasKey }),
    create("desktop", "Firefox"),
    create("phone", "Safari", { hasKey: true }),
    create("thief", "curl", { isThief: true }),
    create("second thief", "wget", { isThief: true }),
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
