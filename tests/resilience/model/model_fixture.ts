/**
 * One user's fixture: the real use cases over the real database, the specification beside them, the
 * clients, and the story of what happened. Asks both the same and compares the answers.
 *
 * @module
 */

import assert from "node:assert/strict";
import { randomBytes, randomUUID } from "node:crypto";
import type { AccessClaims } from "../../../supabase/functions/_shared/tokens/access_token.ts";
import type {
  ProofChallenge,
  RawAccessToken,
  RawRefreshToken,
  SessionId,
  UserId,
} from "../../../supabase/functions/_shared/brands.ts";
import type { IdentityToken } from "../../../supabase/functions/_shared/identity/identity_provider.ts";
import { readChallenge } from "../../../supabase/functions/_shared/tokens/proof_challenge.ts";
import { createLogger } from "../../../supabase/functions/_shared/log.ts";
import {
  type GenuineRefreshToken,
  readRefreshToken,
} from "../../../supabase/functions/_shared/tokens/refresh_token.ts";
import { deriveSessionKeys } from "../../../supabase/functions/_shared/tokens/session_keys.ts";
import {
  createSqlSessionStore,
  type SessionPolicy,
} from "../../../supabase/functions/_shared/store/sql_session_store.ts";
import type { SessionDependencies } from "../../../supabase/functions/_shared/sessions/dependencies.ts";
import type { SessionGrant } from "../../../supabase/functions/_shared/sessions/grant.ts";
import { createRefusalPace } from "../../../supabase/functions/_shared/sessions/refusal_pace.ts";
import type { PresentedTokens } from "../../../supabase/functions/_shared/sessions/presented_tokens.ts";
import type {
  ProofReading,
  ReadProof,
} from "../../../supabase/functions/_shared/sessions/proof.ts";
import { type Client, createClients, type Jar, keyName, type SentProof } from "./clients.ts";
import type { Clock } from "./clocks.ts";
import {
  ABSOLUTE_TTL,
  ACTIVITY_INTERVAL,
  MAX_SESSIONS,
  type Micros,
  type ModelChallenge,
  type ModelToken,
  REBIND_AFTER,
  REFRESH_TTL,
  REUSE_INTERVAL,
  SECOND,
} from "./rotation_model.ts";
import type { ObservedCall, ObservedCalls } from "./observed_calls.ts";
import { createUserModel, type UserModel } from "./user_model.ts";

const POLICY: SessionPolicy = {
  accessTtlSeconds: 3600,
  refreshTtlSeconds: REFRESH_TTL / SECOND,
  absoluteTtlSeconds: ABSOLUTE_TTL / SECOND,
  reuseIntervalSeconds: REUSE_INTERVAL / SECOND,
  rebindAfterSeconds: REBIND_AFTER / SECOND,
  maxSessionsPerUser: MAX_SESSIONS,
  activityIntervalSeconds: ACTIVITY_INTERVAL / SECOND,
  // Beyond what a history of 30 steps can reach: the specification knows no throttled answer, so one
  // would be reported as a disagreement. tests/behaviour/http/refresh_throttle_test.ts reaches it.
  refreshBurst: 300,
  refreshIntervalSeconds: 1,
};

const PROJECT_URL = "https://abc.supabase.co";

/** A connection with its clock, used by one fixture after another. */
export interface Ground {
  readonly clock: Clock;
  readonly observedCalls: ObservedCalls;
}

export interface ModelFixture extends Ground {
  readonly userId: UserId;
  readonly model: UserModel;
  readonly clients: readonly Client[];
  readonly dependencies: SessionDependencies;
  /** Every refresh token that was ever issued, by its place. */
  readonly issued: Map<string, GenuineRefreshToken>;
  readonly story: string[];
  /** Model time, by the clock of this process. */
  now(): Micros;
  /** The database calls since the last time, each with its model time. */
  takeCalls(): readonly (ObservedCall & { readonly now: Micros })[];
  /** A new secret signs; the old ones still verify. */
  changeSecret(): void;
  presentedTokens(jar: Jar): PresentedTokens;
  modelToken(token: GenuineRefreshToken | null): ModelToken | null;
  /** The proof as the functions find it once its signature was verified, which is the business of others. */
  readProof(sent: SentProof): ReadProof;
  /** The challenge of a refusal. */
  readChallenge(challenge: ProofChallenge): ModelChallenge;
  /** Records what was granted, and answers the jar that it makes. */
  receive(grant: SessionGrant): Jar;
}

export function createFixture(
  { clock, observedCalls }: Ground,
  { userId, laptopHasKey }: { readonly userId: UserId; readonly laptopHasKey: boolean },
): ModelFixture {
  let secrets = [randomBytes(32).toString("hex")];
  let keys = deriveSessionKeys(secrets, PROJECT_URL);
  let processNowMs = clock.processNowMs();
  const issued = new Map<string, GenuineRefreshToken>();

  const now = () => clock.processNowMs() * 1000 + clock.aged;
  const dependencies: SessionDependencies = {
    store: createSqlSessionStore(observedCalls.call, POLICY),
    // Who somebody is does not matter here, nor how a JWT is signed: both are the business of others.
    identityProvider: {
      verifyPassword: () => Promise.reject(new TypeError("Histories sign in by exchange")),
      verifyToken: (token) =>
        Promise.resolve({
          kind: "accepted",
          identity: {
            userId,
            aal: "aal1",
            amr: [],
            hasVerifiedFactor: false,
            token,
            identitySessionId: null,
          },
        }),
      dropSession: () => Promise.resolve({ kind: "dropped" }),
    },
    accessTokens: {
      sign: (claims) =>
        Promise.resolve({
          claims,
          token: JSON.stringify(claims) as RawAccessToken,
          droppedAppMetadata: false,
        }),
      recall: () => null,
      verify: () => Promise.reject(new TypeError("Histories show claims")),
    },
    get keys() {
      return keys;
    },
    log: createLogger({ write: () => {}, now: () => new Date() }),
    randomBytes: (length) => new Uint8Array(randomBytes(length)),
    newSessionId: () => randomUUID() as SessionId,
    nowMs: () => processNowMs = clock.processNowMs(),
    lifetimes: POLICY,
    refusalPace: createRefusalPace({ nowMs: Date.now, delay: () => Promise.resolve() }),
  };

  return {
    clock,
    observedCalls,
    userId,
    model: createUserModel(),
    clients: createClients({ laptopHasKey }),
    dependencies,
    issued,
    story: [],
    now: () => Math.max(now(), processNowMs * 1000 + clock.aged),
    takeCalls: () =>
      observedCalls.takeCalls().map((call) => ({
        ...call,
        now: call.serverTime === null ? now() : call.serverTime + clock.aged,
      })),
    changeSecret() {
      secrets = [randomBytes(32).toString("hex"), ...secrets];
      keys = deriveSessionKeys(secrets, PROJECT_URL);
    },
    presentedTokens: ({ access, refresh }) => ({
      access: access === null ? { kind: "missing" } : {
        kind: "genuine",
        claims: {
          ...access.claims,
          expiresAt: (access.expiresAt - clock.aged) / SECOND,
        },
      },
      refresh: refresh === null
        ? { kind: "missing" }
        : { kind: "genuine", token: refresh, others: [] },
    }),
    modelToken: (token) =>
      token && {
        sessionId: token.sessionId,
        generation: token.generation,
        branch: token.branch,
        key: keyName(token.key),
        forged: issued.get(placeName(token))?.raw !== token.raw,
      },
    readProof(sent) {
      const reading = ((): ProofReading => {
        switch (sent.kind) {
          case "none":
            return { kind: "missing" };
          case "unusable":
            return { kind: "invalid" };
          case "signed": {
            const { sessionId, challengedAt, ...place } = sent.challenge;
            const challenge = {
              ...place,
              sessionId: sessionId as SessionId,
              challengedAt: new Date((challengedAt - clock.aged) / 1000),
            };
            return { kind: "proven", proof: { thumbprint: sent.key, challenge } };
          }
        }
      })();
      return () => Promise.resolve(reading);
    },
    readChallenge(challenge) {
      const place = readChallenge(challenge, keys);
      assert.ok(place, "a refusal brings a challenge of ours");
      return { ...place, challengedAt: place.challengedAt.getTime() * 1000 + clock.aged };
    },
    receive(grant) {
      const refresh = readIssued(grant.refreshToken, dependencies);
      const known = issued.get(placeName(refresh));
      assert.ok(known === undefined || known.raw === refresh.raw, "one place, two tokens");
      issued.set(placeName(refresh), refresh);
      const claims: AccessClaims = JSON.parse(grant.accessToken);
      assert.deepEqual(
        [claims.sessionId, claims.generation, claims.branch],
        [refresh.sessionId, refresh.generation, refresh.branch],
        "both tokens of an answer have the same place",
      );
      const expiresAt = claims.expiresAt * SECOND + clock.aged;
      const challengedAt = Math.floor(grant.serverTime.getTime() / 1000) * SECOND + clock.aged;
      const { sessionId, generation, branch } = refresh;
      return {
        access: { claims, expiresAt },
        refresh,
        challenge: { sessionId, generation, branch, challengedAt },
      };
    },
  };
}

export function placeName(
  { sessionId, generation, branch }: {
    readonly sessionId: string;
    readonly generation: number;
    readonly branch: number;
  },
): string {
  return `${sessionId} ${generation}.${branch}`;
}

function readIssued(raw: RawRefreshToken, { keys }: SessionDependencies): GenuineRefreshToken {
  const token = readRefreshToken(raw, keys);
  assert.ok(token, "an issued token is genuine");
  return token;
}

/** A stand-in for what Supabase Auth would give: this fixture's provider accepts any. */
export const ANY_IDENTITY_TOKEN = "identity" as IdentityToken;
