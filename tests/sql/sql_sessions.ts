/**
 * Sessions made and rotated by the store itself, without HTTP: for tests of what each SQL function
 * answers, and for those that need sessions by the thousand.
 *
 * @module
 */

import { createHash, randomBytes, randomUUID } from "node:crypto";
import type postgres from "postgres";
import type { SessionId, UserAgentHash, UserId } from "../../supabase/functions/_shared/brands.ts";
import {
  firstRefreshToken,
  type GenuineRefreshToken,
  readRefreshToken,
  REFRESH_SECRET_BYTES,
} from "../../supabase/functions/_shared/refresh_token.ts";
import {
  deriveSessionKeys,
  type SessionKeys,
} from "../../supabase/functions/_shared/session_keys.ts";
import type {
  CreateSessionAnswer,
  RequestContext,
  RotateSessionAnswer,
  SessionStore,
  ValidateSessionAnswer,
} from "../../supabase/functions/_shared/session_store.ts";
import {
  createRpcSessionStore,
  type SessionPolicy,
} from "../../supabase/functions/_shared/session_store_rpc.ts";
import {
  deriveSuccessor,
  proposeSuccessors,
  SUCCESSOR_SALT_BYTES,
} from "../../supabase/functions/_shared/successor.ts";
import { FIREFOX } from "../http/browser.ts";
import { createSqlRpc } from "./sql_rpc.ts";

/** The defaults of the configuration. */
const POLICY: SessionPolicy = {
  accessTtlSeconds: 3600,
  refreshTtlSeconds: 2_592_000,
  absoluteTtlSeconds: 0,
  windowSeconds: 60,
  maxSessionsPerUser: 5,
  activityIntervalSeconds: 900,
  refreshBurst: 300,
  refreshIntervalSeconds: 1,
};

const BRANCHES = 4;

export interface SqlSessions {
  readonly store: SessionStore;
  readonly keys: SessionKeys;
  create(
    userId: string,
    options?: {
      readonly presented?: GenuineRefreshToken;
      readonly userAgent?: string;
      readonly identitySessionId?: string;
    },
  ): Promise<{ readonly token: GenuineRefreshToken; readonly answer: CreateSessionAnswer }>;
  /** A session that must come to be. */
  signIn(userId: string): Promise<GenuineRefreshToken>;
  /** Proposes each branch, or fewer. Answers also the token that the browser would hold then, if any. */
  rotate(
    presented: GenuineRefreshToken,
    userAgent?: string,
    branches?: number,
  ): Promise<{ readonly answer: RotateSessionAnswer; readonly held: GenuineRefreshToken | null }>;
  /** As with an access token of the same generation and branch. */
  validate(
    token: GenuineRefreshToken,
    options?: { readonly userAgent?: string; readonly mayConfirm?: boolean },
  ): Promise<ValidateSessionAnswer>;
  /** The same place in the session with another secret: what only a leaked key could write. */
  forge(
    token: GenuineRefreshToken,
    place?: { readonly generation?: number; readonly branch?: number },
  ): GenuineRefreshToken;
}

export interface SqlSessionsOptions {
  /** @default {those of a project of its own} */
  readonly keys?: SessionKeys;
  readonly policy?: Partial<SessionPolicy>;
}

/** @param sql of a role that may execute the functions */
export function openSqlSessions(sql: postgres.Sql, options: SqlSessionsOptions = {}): SqlSessions {
  const keys = options.keys ?? deriveSessionKeys(["s".repeat(32)], "http://project.test");
  const store = createRpcSessionStore(createSqlRpc(sql), { ...POLICY, ...options.policy });

  const create: SqlSessions["create"] = async (
    userId,
    { presented, userAgent, identitySessionId } = {},
  ) => {
    const token = firstRefreshToken({
      sessionId: randomUUID() as SessionId,
      secret: randomBytes(REFRESH_SECRET_BYTES),
    }, keys.signing);
    const genuine = reread(token.raw, keys);
    const answer = await store.createSession({
      sessionId: genuine.sessionId,
      userId: userId as UserId,
      refreshTokenHash: token.hash,
      deviceName: null,
      aal: "aal1",
      amr: [{ method: "password", timestamp: 0 }],
      presented: presented ?? null,
      identitySessionId: identitySessionId ?? null,
      loginCharge: null,
    }, contextOf(userAgent));
    return { token: genuine, answer };
  };

  return {
    store,
    keys,
    create,
    async signIn(userId) {
      const { token, answer } = await create(userId);
      if (answer.outcome !== "created") throw new TypeError(`Cannot sign in: ${answer.outcome}`);
      return token;
    },
    async rotate(presented, userAgent, branches = BRANCHES) {
      const salt = randomBytes(SUCCESSOR_SALT_BYTES);
      const proposal = { predecessor: presented, salt, branches };
      const successors = proposeSuccessors(proposal, keys.signing);
      const answer = await store.rotateSession({
        presented,
        successorHashes: successors.map(({ hash }) => hash),
        maxBranches: BRANCHES,
        successorSalt: salt,
        successorKeyId: keys.signing.id,
        event: "refresh",
      }, contextOf(userAgent));
      if (!("session" in answer)) return { answer, held: null };
      if (answer.outcome === "unchanged") return { answer, held: presented };
      const { raw } = deriveSuccessor({
        predecessor: presented,
        branch: answer.session.branch,
        salt: answer.outcome === "replayed" ? answer.successorSalt : salt,
      }, keys.signing);
      return { answer, held: reread(raw, keys) };
    },
    validate: ({ sessionId, generation, branch }, { userAgent, mayConfirm = true } = {}) =>
      store.validateSession({ sessionId, generation, branch, mayConfirm }, contextOf(userAgent)),
    forge: (token, place) => ({
      ...token,
      ...place,
      hash: new Uint8Array(randomBytes(32)) as typeof token.hash,
    }),
  };
}

export function contextOf(userAgent = FIREFOX): RequestContext {
  const hash = createHash("sha256").update(userAgent).digest();
  return {
    requestId: randomUUID(),
    ip: "203.0.113.7",
    userAgent,
    userAgentHash: new Uint8Array(hash) as UserAgentHash,
  };
}

/** Makes a user without a password, as a superuser may. */
export async function insertUser(sql: postgres.Sql): Promise<string> {
  const [user] = await sql<{ id: string }[]>`
    insert into auth.users (id, email, aud, role)
    values (gen_random_uuid(), gen_random_uuid() || '@example.com', 'authenticated', 'authenticated')
    returning id
  `;
  if (user === undefined) throw new TypeError("Cannot insert a user");
  return user.id;
}

function reread(raw: string, keys: SessionKeys): GenuineRefreshToken {
  const token = readRefreshToken(raw, keys);
  if (token === null) throw new TypeError("Cannot read a refresh token that was just written");
  return token;
}

/** How many sessions of the user live. */
export async function countLive(sql: postgres.Sql, userId: string): Promise<number> {
  const [row] = await sql<{ live: number }[]>`
    select count(*)::integer as live
    from public.sessions as s
    where s.is_valid and s.user_id = ${userId}`;
  return row?.live ?? 0;
}
