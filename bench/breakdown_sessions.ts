/**
 * The sessions of the breakdown: browsers that call the app without a network in between, and sessions
 * that take turns to be rotated, through the app and through the SQL function alone.
 *
 * @module
 */

import { SEED_USERS } from "../local/seed_users.ts";
import type { Lineage, UserId } from "../supabase/functions/_shared/brands.ts";
import type { Composition } from "../supabase/functions/_shared/composition.ts";
import type { DatabaseRpc } from "../supabase/functions/_shared/database_rpc.ts";
import { createUnifiedAuthApp } from "../supabase/functions/_shared/http/unified_auth_app.ts";
import { firstRefreshToken, LINEAGE_BYTES } from "../supabase/functions/_shared/refresh_token.ts";
import { toBytea } from "../supabase/functions/_shared/bytea.ts";
import { USER_AGENT } from "./population.ts";
import { rotationArguments } from "./servers/rotation_call.ts";

export type Part = () => unknown;

/** A session rotates a few times in a row and no more: so many take turns. */
export const ROTATING_SESSIONS = 50;

export interface BreakdownBrowser {
  /** What it would send now. */
  cookieHeader(): string;
  /** @throws {TypeError} If the answer has another status than this. @default {200} */
  call(path: string, body?: Readonly<Record<string, string>>, status?: number): Promise<void>;
}

/** Rotates one session after another: each time that this is called, the next one. */
export async function createRotations(composition: Composition): Promise<Part> {
  const tokens = await signInOften(composition, SEED_USERS.grace.id as UserId);
  const browsers = tokens.map(({ raw }) =>
    createBrowser(composition, [[composition.cookies.refreshName, raw]])
  );
  let turn = 0;
  return () => browsers[turn++ % browsers.length]?.call("/refresh");
}

/** The SQL function alone, with hashes that belong to no token: it can't tell. */
export async function createBareRotations(
  composition: Composition,
  rpc: DatabaseRpc,
): Promise<() => Promise<unknown>> {
  const { randomBytes } = composition.dependencies;
  const tokens = await signInOften(composition, SEED_USERS.grace.id as UserId);
  const held = tokens.map(({ sessionId, hash, lineage }) => ({
    sessionId,
    generation: 1,
    hash: toBytea(hash),
    lineage: toBytea(lineage),
  }));
  const salt = toBytea(randomBytes(16));
  let turn = 0;
  return async () => {
    const session = held[turn++ % held.length] ?? unusable("sessions");
    const { sessionId, generation, hash, lineage } = session;
    const successor = `\\x${hash.slice(4)}${hash.slice(2, 4)}`;
    const row = await rpc(
      "rotate_session",
      rotationArguments({ sessionId, generation, hash, lineage, successorHash: successor, salt }),
    );
    session.generation += 1;
    session.hash = successor;
    return row;
  };
}

/** The first tokens of many sessions of one user. */
async function signInOften(composition: Composition, userId: UserId) {
  const { store, keys, randomBytes, newSessionId } = composition.dependencies;
  return await Promise.all(
    Array.from({ length: ROTATING_SESSIONS }, async () => {
      const sessionId = newSessionId();
      const lineage = randomBytes(LINEAGE_BYTES) as Lineage;
      const token = firstRefreshToken(
        { sessionId, key: null, lineage, secret: randomBytes(32) },
        keys.signing,
      );
      await store.createSession({
        sessionId,
        userId,
        refreshTokenHash: token.hash,
        lineage,
        keyThumbprint: null,
        deviceName: null,
        aal: "aal1",
        amr: [{ method: "password", timestamp: 1_700_000_000 }],
        presented: null,
        identitySessionId: null,
        loginCharge: null,
      }, {
        requestId: "breakdown",
        ip: null,
        userAgent: null,
      });
      return { ...token, sessionId, lineage };
    }),
  );
}

/** A browser that calls the app without a network in between, and keeps its cookies. */
export function createBrowser(
  composition: Composition,
  cookies: readonly (readonly [string, string])[] = [],
): BreakdownBrowser {
  const app = createUnifiedAuthApp({
    ...composition,
    publicJwks: composition.signingKeys.publicJwks,
  });
  const jar = new Map(cookies);
  const cookieHeader = () => [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
  return {
    cookieHeader,
    async call(path, body, status = 200) {
      const response = await app.fetch(
        new Request(`http://127.0.0.1/unified-auth${path}`, {
          method: path.startsWith("/.") ? "GET" : "POST",
          headers: {
            cookie: cookieHeader(),
            "user-agent": USER_AGENT,
            ...(body ? { "content-type": "application/json" } : {}),
          },
          ...(body ? { body: JSON.stringify(body) } : {}),
        }),
      );
      const text = await response.text();
      if (response.status !== status) unusable(`${path}: ${text}`);
      for (const line of response.headers.getSetCookie()) {
        const [pair = ""] = line.split(";");
        jar.set(pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1));
      }
    },
  };
}

export function unusable(what: string): never {
  throw new TypeError(`Cannot measure: ${what}`);
}
