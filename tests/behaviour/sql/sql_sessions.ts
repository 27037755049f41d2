/**
 * Sessions made and rotated by the store itself, without HTTP: for tests of what each SQL function
 * answers, and for those that need sessions by the thousand.
 *
 * @module
 */

import { createHash, randomBytes, randomUUID } from "node:crypto";
import type postgres from "postgres";
import type {
  KeyThumbprint,
  Lineage,
  SessionId,
  UserId,
} from "../../../supabase/functions/_shared/brands.ts";
import type { CallSqlFunction } from "../../../supabase/functions/_shared/store/sql_functions.ts";
import {
  firstRefreshToken,
  type GenuineRefreshToken,
  KEY_THUMBPRINT_BYTES,
  LINEAGE_BYTES,
  readRefreshToken,
  REFRESH_SECRET_BYTES,
} from "../../../supabase/functions/_shared/tokens/refresh_token.ts";
import {
  deriveSessionKeys,
  type SessionKeys,
} from "../../../supabase/functions/_shared/tokens/session_keys.ts";
import type {
  CreateSessionAnswer,
  LoginCharge,
  RequestContext,
  RotateSessionAnswer,
  SessionStore,
  ValidateSessionAnswer,
} from "../../../supabase/functions/_shared/store/session_store.ts";
import type { PresentedProof } from "../../../supabase/functions/_shared/tokens/key_proof.ts";
import type { TokenPlace } from "../../../supabase/functions/_shared/tokens/token_place.ts";
import {
  createSqlSessionStore,
  type SessionPolicy,
  toPolicyArgument,
} from "../../../supabase/functions/_shared/store/sql_session_store.ts";
import {
  deriveSuccessor,
  SUCCESSOR_SALT_BYTES,
} from "../../../supabase/functions/_shared/tokens/successor.ts";
import { FIREFOX } from "../http/browser.ts";
import { createSqlFunctions } from "./sql_functions.ts";

/** The defaults of the configuration. */
const POLICY: SessionPolicy = {
  accessTtlSeconds: 3600,
  refreshTtlSeconds: 2_592_000,
  absoluteTtlSeconds: 0,
  reuseIntervalSeconds: 60,
  maxSessionsPerUser: 5,
  activityIntervalSeconds: 900,
  refreshBurst: 300,
  refreshIntervalSeconds: 1,
  rebindAfterSeconds: 86_400,
};

/** The same as the functions take it. */
export const POLICY_ARGUMENT = toPolicyArgument(POLICY);

export interface SignInOptions {
  /** The cookie that the browser still held. */
  readonly presented?: GenuineRefreshToken;
  /** The key that the session is bound to. None if left out. */
  readonly key?: KeyThumbprint | undefined;
  readonly userAgent?: string;
  readonly identitySessionId?: string;
  /** Of a login by password, whose charge was taken before it was judged. None: an exchange. */
  readonly loginCharge?: LoginCharge;
}

export interface RotateOptions {
  /** The key that signed. None if left out. */
  readonly key?: KeyThumbprint | undefined;
  /** The place and time of the challenge that it signed: the token's own, and now, if left out. */
  readonly challenge?: Partial<NonNullable<PresentedProof["challenge"]>>;
  readonly userAgent?: string | undefined;
  /** Whether the caller has every secret that may have derived the row's successor. @default {true} */
  readonly canReplay?: boolean;
}

export interface SqlSessions {
  readonly store: SessionStore;
  readonly keys: SessionKeys;
  create(
    userId: string,
    options?: SignInOptions,
  ): Promise<{ readonly token: GenuineRefreshToken; readonly answer: CreateSessionAnswer }>;
  /** A session that must come to be. */
  signIn(userId: string, options?: SignInOptions): Promise<GenuineRefreshToken>;
  /**
   * Proposes the next token, and once more the one that is wanted. Answers also the token that the
   * browser would hold then, if any.
   */
  rotate(presented: GenuineRefreshToken, options?: RotateOptions): Promise<Rotation>;
  /** As with an access token of the same generation and branch. */
  validate(
    token: TokenPlace,
    options?: { readonly mayConfirm?: boolean },
  ): Promise<ValidateSessionAnswer>;
  /** The same place in the session with another secret: what only a leaked key could write. */
  forge(
    token: GenuineRefreshToken,
    place?: {
      readonly generation?: number;
      readonly branch?: number;
      readonly lineage?: Lineage | null;
    },
  ): GenuineRefreshToken;
}

export interface Rotation {
  readonly answer: Exclude<RotateSessionAnswer, { readonly outcome: "successor_wanted" }>;
  readonly held: GenuineRefreshToken | null;
  /** How many calls it took. */
  readonly calls: number;
}

export interface SqlSessionsOptions {
  /** @default {those of a new project} */
  readonly keys?: SessionKeys;
  readonly policy?: Partial<SessionPolicy>;
}

/** @param sql of a role that may execute the functions */
export function openSqlSessions(sql: postgres.Sql, options: SqlSessionsOptions = {}): SqlSessions {
  return openSessionsBy(createSqlFunctions(sql), options);
}

/** The same by any way to call the functions. */
export function openSessionsBy(
  call: CallSqlFunction,
  options: SqlSessionsOptions = {},
): SqlSessions {
  const keys = options.keys ?? deriveSessionKeys(["s".repeat(32)], "http://project.test");
  const store = createSqlSessionStore(call, { ...POLICY, ...options.policy });

  const create: SqlSessions["create"] = async (
    userId,
    { presented, key = null, userAgent, identitySessionId, loginCharge } = {},
  ) => {
    const lineage = newBytes(LINEAGE_BYTES) as Lineage;
    const token = firstRefreshToken({
      sessionId: randomUUID() as SessionId,
      key,
      lineage,
      secret: randomBytes(REFRESH_SECRET_BYTES),
    }, keys.signing);
    const genuine = reread(token.raw, keys);
    const answer = await store.createSession({
      sessionId: genuine.sessionId,
      userId: userId as UserId,
      refreshTokenHash: token.hash,
      lineage,
      keyThumbprint: key,
      deviceName: null,
      aal: "aal1",
      amr: [{ method: "password", timestamp: 0 }],
      presented: presented ?? null,
      identitySessionId: identitySessionId ?? null,
      loginCharge: loginCharge ?? null,
    }, contextOf(userAgent));
    return { token: genuine, answer };
  };

  return {
    store,
    keys,
    create,
    async signIn(userId, options) {
      const { token, answer } = await create(userId, options);
      if (answer.outcome !== "created") throw new TypeError(`Cannot sign in: ${answer.outcome}`);
      return token;
    },
    async rotate(presented, { key = null, challenge, userAgent, canReplay = true } = {}) {
      const salt = newBytes(SUCCESSOR_SALT_BYTES);
      const proof = key === null ? null : proofBy(key, presented, challenge);
      let place = {
        generation: presented.generation + 1,
        branch: 0,
        lineage: null as Lineage | null,
      };
      for (let calls = 1; calls <= 2; calls += 1) {
        const successor = deriveSuccessor(
          { predecessor: presented, ...place, key, salt },
          keys.signing,
        );
        const answer = await store.rotateSession({
          presented,
          proof,
          successor: {
            ...successor,
            ...(canReplay ? { salt, keyId: keys.signing.id } : { salt: null, keyId: null }),
          },
          event: "refresh",
        }, contextOf(userAgent));
        switch (answer.outcome) {
          case "successor_wanted":
            place = answer;
            break;
          case "unchanged":
            return { answer, held: presented, calls };
          case "rotated":
          case "reissued":
            return { answer, held: reread(successor.raw, keys), calls };
          case "replayed": {
            const { raw } = deriveSuccessor({
              predecessor: presented,
              ...answer.session,
              key: answer.session.keyThumbprint,
              lineage: answer.lineage,
              salt: answer.successorSalt,
            }, keys.signing);
            return { answer, held: reread(raw, keys), calls };
          }
          default:
            return { answer, held: null, calls };
        }
      }
      throw new TypeError("Cannot rotate: a successor was wanted twice");
    },
    validate: ({ sessionId, generation, branch }, { mayConfirm = true } = {}) =>
      store.validateSession({ sessionId, generation, branch, mayConfirm }, contextOf()),
    forge: (token, place) => ({
      ...token,
      ...place,
      hash: newBytes(32) as typeof token.hash,
    }),
  };
}

/** A proof as the HTTP layer hands it on. */
export function proofBy(
  thumbprint: KeyThumbprint,
  { sessionId, generation, branch }: TokenPlace,
  challenge: RotateOptions["challenge"] = {},
): PresentedProof {
  return {
    thumbprint,
    challenge: { sessionId, generation, branch, challengedAt: new Date(), ...challenge },
  };
}

/** A browser's key, by a name that a test gives it. */
export function keyNamed(name: string): KeyThumbprint {
  const digest = createHash("sha256").update(name).digest();
  return new Uint8Array(digest.subarray(0, KEY_THUMBPRINT_BYTES)) as KeyThumbprint;
}

function newBytes(length: number): Uint8Array {
  return new Uint8Array(randomBytes(length));
}

export function contextOf(userAgent = FIREFOX): RequestContext {
  return { requestId: randomUUID(), ip: "203.0.113.7", userAgent };
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
