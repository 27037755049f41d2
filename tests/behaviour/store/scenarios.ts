/**
 * A scenario for each outcome of each SQL function that the stores call: what has to happen before, and
 * the call that is answered so. A new outcome does not compile until it has one.
 *
 * @module
 */

import assert from "node:assert/strict";
import { createHash, randomBytes, randomUUID } from "node:crypto";
import type postgres from "postgres";
import type { SessionId, UserId } from "../../../supabase/functions/_shared/brands.ts";
import type {
  CreateSessionRequest,
  LoginOutcome,
  RevocationOutcome,
  RotationOutcome,
  SessionEnd,
  SessionProof,
  ThrottleBucket,
  ValidationOutcome,
} from "../../../supabase/functions/_shared/store/session_store.ts";
import type { TokenPlace } from "../../../supabase/functions/_shared/tokens/token_place.ts";
import type { FunctionName } from "../../../supabase/functions/_shared/store/sql_functions.ts";
import type { ClaimHash } from "../../../supabase/functions/_shared/store/sign_in_store.ts";
import type { GenuineRefreshToken } from "../../../supabase/functions/_shared/tokens/refresh_token.ts";
import { deriveSuccessor } from "../../../supabase/functions/_shared/tokens/successor.ts";
import { ageSession } from "../../../local/testing/aging.ts";
import { contextOf, keyNamed, proofBy, type SignInOptions } from "../sql/sql_sessions.ts";
import type { StoreFixture } from "./store_fixture.ts";

const HOUR = 3600;
const DAY = 24 * HOUR;
const OWN = keyNamed("own");
const OTHER = keyNamed("other");

/** Makes the call that the scenario is about last, and answers its answer. */
export type Scenario = (store: StoreFixture) => Promise<unknown>;

/** A session that began an hour ago. */
async function open(
  store: StoreFixture,
  { sessions = store.sessions, ...options }:
    & SignInOptions
    & { readonly sessions?: StoreFixture["sessions"] } = {},
) {
  const { admin } = store;
  const userId = await store.insertUser();
  const token = await sessions.signIn(userId, options);
  const age = (seconds: number) => ageSession(admin, token.sessionId, seconds);
  await age(HOUR);
  return {
    userId,
    token,
    age,
    async rotated(from: GenuineRefreshToken, key = options.key) {
      const { answer, held } = await sessions.rotate(from, { key });
      return held ?? assert.fail(`a rotation was answered ${answer.outcome}`);
    },
  };
}

/** The token of the generation before the session's, whose reuse interval is over. */
async function openSuperseded(store: StoreFixture, options?: Parameters<typeof open>[1]) {
  const session = await open(store, options);
  const second = await session.rotated(session.token);
  await session.age(HOUR);
  const third = await session.rotated(second);
  await session.age(HOUR);
  return { ...session, old: session.token, held: third };
}

/** Two branches of one generation: the other one is in use. */
async function openFork(store: StoreFixture, options?: Parameters<typeof open>[1]) {
  const session = await open(store, options);
  const held = await session.rotated(session.token);
  await session.age(120);
  const newer = await session.rotated(session.token);
  await session.age(120);
  await store.sessions.validate(newer);
  return { ...session, held, newer };
}

/** Ends a session as each of its ends says, and answers a place of it. */
const ENDS: Readonly<Record<SessionEnd, (store: StoreFixture) => Promise<GenuineRefreshToken>>> = {
  async reused(store) {
    const { old, held } = await openSuperseded(store);
    await store.sessions.rotate(old);
    return held;
  },
  async revoked(store) {
    const { token } = await open(store);
    await store.sessions.store.logOut(byRefreshToken(token), contextOf());
    return token;
  },
  async evicted(store) {
    const { token, userId } = await open(store);
    await store.under({ maxSessionsPerUser: 1 }).signIn(userId);
    return token;
  },
  async expired(store) {
    const { token, age } = await open(store);
    await age(40 * DAY);
    return token;
  },
  async not_found(store) {
    const { token } = await open(store);
    await store.admin`delete from public.sessions where id = ${token.sessionId}`;
    return token;
  },
  async banned(store) {
    const { token, userId } = await open(store);
    await ban(store.admin, userId);
    return token;
  },
};

async function ban(admin: postgres.Sql, userId: string): Promise<void> {
  await admin`
    update auth.users set banned_until = now() + interval '1 day' where id = ${userId}`;
}

async function setRole(admin: postgres.Sql, userId: string): Promise<void> {
  await admin`update auth.users set role = 'service_role' where id = ${userId}`;
}

async function createHook(admin: postgres.Sql, answer: string): Promise<void> {
  await admin.unsafe(`
    create or replace function public.a_hook(event jsonb) returns jsonb
    language sql as $$ select ${answer} $$`);
}

const HOOK = "public.a_hook";
const REFUSAL = `'{"error": {"http_code": 403, "message": "niemals — «nie»"}}'::jsonb`;
const TWO_CLAIMS = `jsonb_build_object('claims', event -> 'claims' ||
  '{"plan": "größer", "seats": [1, null, {"a": "\\"b\\\\"}]}'::jsonb)`;

const CREATE_SESSION: Readonly<Record<LoginOutcome, Scenario>> = {
  async created(store) {
    await createHook(store.admin, TWO_CLAIMS);
    const sessions = store.under({
      maxSessionsPerUser: 2,
      absoluteTtlSeconds: 90 * DAY,
      accessTokenHook: HOOK,
      issuer: "https://issuer.test/'quoted'",
    });
    const { token, userId } = await open(store, { sessions });
    await sessions.signIn(userId);
    const admitted = await sessions.store.admitLogin(BUCKETS);
    assert.ok(admitted.kind === "admitted");
    const identitySessionId = await insertIdentitySession(store.admin, userId);
    return await sessions.store.createSession({
      ...newSession(userId),
      keyThumbprint: OWN,
      deviceName: 'Adas "kleines" Telefon, (blau) \\ {1}',
      aal: "aal2",
      amr: [{ method: "password", timestamp: 1 }, { method: "totp", timestamp: 2 }, "text", null],
      presented: token,
      identitySessionId,
      loginCharge: admitted.charge,
    }, contextOf());
  },
  user_not_found: ({ sessions }) =>
    sessions.store.createSession(newSession(randomUUID()), { ...contextOf(), ip: null }),
  async user_banned(store) {
    const userId = await store.insertUser();
    await ban(store.admin, userId);
    return await store.sessions.store.createSession(newSession(userId), contextOf());
  },
  async role_not_allowed(store) {
    const userId = await store.insertUser();
    await setRole(store.admin, userId);
    return await store.under({ allowedRoles: ["authenticated", "a,b", '"'] }).store
      .createSession(newSession(userId), contextOf());
  },
  async hook_refused(store) {
    await createHook(store.admin, REFUSAL);
    const userId = await store.insertUser();
    return await store.under({ accessTokenHook: HOOK }).store
      .createSession(newSession(userId), contextOf());
  },
};

/** A login without anything that may be left out. */
export function newSession(userId: string): CreateSessionRequest {
  return {
    sessionId: randomUUID() as SessionId,
    userId: userId as UserId,
    refreshTokenHash: new Uint8Array(randomBytes(32)) as GenuineRefreshToken["hash"],
    lineage: new Uint8Array(randomBytes(8)) as NonNullable<GenuineRefreshToken["lineage"]>,
    keyThumbprint: null,
    deviceName: null,
    aal: "aal1",
    amr: [],
    presented: null,
    identitySessionId: null,
    loginCharge: null,
  };
}

async function insertIdentitySession(admin: postgres.Sql, userId: string): Promise<string> {
  const [row] = await admin<{ id: string }[]>`
    insert into auth.sessions (id, user_id, created_at, updated_at, aal)
    values (gen_random_uuid(), ${userId}, now(), now(), 'aal1') returning id`;
  return row?.id ?? assert.fail("no session of Supabase Auth was inserted");
}

const ended = (
  ask: (store: StoreFixture, token: GenuineRefreshToken) => Promise<unknown>,
): Readonly<Record<SessionEnd, Scenario>> => {
  const after = (end: SessionEnd): Scenario => async (store) => ask(store, await ENDS[end](store));
  return {
    reused: after("reused"),
    revoked: after("revoked"),
    evicted: after("evicted"),
    expired: after("expired"),
    not_found: after("not_found"),
    banned: after("banned"),
  };
};

const VALIDATE_SESSION: Readonly<Record<ValidationOutcome, Scenario>> = {
  async active(store) {
    const { userId, newer } = await openFork(store);
    await store.admin`
      update auth.users set
        phone = '15550100',
        raw_app_meta_data = '{"provider": "email", "roles": ["ä", null], "deep": {"n": 1.5e300}}',
        raw_user_meta_data = ${
      store.admin.json({ name: '𝒜da "O\'Hara" \\ \u0001', of: newer.branch })
    }
      where id = ${userId}`;
    return await store.sessions.validate(newer);
  },
  async stale(store) {
    const { held } = await openFork(store);
    return await store.sessions.validate(held, { mayConfirm: false });
  },
  ...ended(({ sessions }, token) => sessions.validate(token)),
};

/** Proposes the place after the token's, and no other. */
async function proposeNext(store: StoreFixture, presented: GenuineRefreshToken, key = OWN) {
  const { sessions } = store;
  const salt = new Uint8Array(randomBytes(16));
  const place = { generation: presented.generation + 1, branch: 0, lineage: null };
  const { signing } = sessions.keys;
  const successor = deriveSuccessor({ predecessor: presented, ...place, key, salt }, signing);
  return await sessions.store.rotateSession({
    presented,
    proof: proofBy(key, presented),
    successor: { ...successor, salt, keyId: signing.id },
    event: "auto_refresh",
  }, { ...contextOf(), userAgent: null });
}

const rotateBy = async (
  { sessions }: StoreFixture,
  token: GenuineRefreshToken,
  key?: typeof OWN,
) => (await sessions.rotate(token, { key })).answer;

const { reused: _confirmed, ...ROTATE_ENDED } = ended(rotateBy);

const ROTATE_SESSION: Readonly<Record<RotationOutcome, Scenario>> = {
  ...ROTATE_ENDED,
  async unchanged(store) {
    const { token, rotated } = await open(store);
    return await rotateBy(store, await rotated(token));
  },
  async rotated(store) {
    const { token } = await open(store, { key: OWN });
    return await rotateBy(store, token, OWN);
  },
  async replayed(store) {
    const { token, rotated } = await open(store, { key: OWN });
    await rotated(token);
    return await rotateBy(store, token, OWN);
  },
  async reissued(store) {
    const { old } = await openSuperseded(store, { key: OWN });
    return await rotateBy(store, old, OWN);
  },
  async throttled(store) {
    const sessions = store.under({ refreshBurst: 1, refreshIntervalSeconds: 600 });
    const { token, rotated } = await open(store, { sessions });
    const held = await rotated(token);
    const { answer } = await sessions.rotate(held);
    return answer.outcome === "throttled" ? answer : (await sessions.rotate(held)).answer;
  },
  async successor_wanted(store) {
    const { old } = await openSuperseded(store, { key: OWN });
    return await proposeNext(store, old);
  },
  async proof_required(store) {
    const { token } = await open(store, { key: OWN });
    return await rotateBy(store, token);
  },
  async proof_key_unknown(store) {
    const { token } = await open(store, { key: OWN });
    return await rotateBy(store, token, OTHER);
  },
  async reused(store) {
    const { old } = await openSuperseded(store);
    return await rotateBy(store, old);
  },
  async unknown_generation(store) {
    const { token } = await open(store);
    return await rotateBy(store, store.sessions.forge(token, { generation: 2 ** 31 - 2 }));
  },
  async key_compromise_suspected(store) {
    const { token } = await open(store);
    return await rotateBy(store, store.sessions.forge(token, { lineage: null }));
  },
  async role_not_allowed(store) {
    const { token, userId } = await open(store);
    await setRole(store.admin, userId);
    return await rotateBy(store, token);
  },
  async hook_refused(store) {
    await createHook(store.admin, REFUSAL);
    const { token } = await open(store);
    return (await store.under({ accessTokenHook: HOOK }).rotate(token)).answer;
  },
};

function byRefreshToken(presented: GenuineRefreshToken, key?: typeof OWN): SessionProof {
  return { kind: "refresh_token", presented, proof: key ? proofBy(key, presented) : null };
}

function byAccessToken({ sessionId, generation, branch }: TokenPlace): SessionProof {
  return { kind: "access_token", sessionId, generation, branch };
}

type End = (store: StoreFixture, proof: SessionProof) => Promise<unknown>;

/** What both ways to end sessions by a token of their own answer. */
const endings = (end: End): Readonly<Record<RevocationOutcome, Scenario>> => ({
  async ended(store) {
    const { token, userId } = await open(store, { key: OWN });
    await store.sessions.signIn(userId);
    return await end(store, byRefreshToken(token, OWN));
  },
  async already_ended(store) {
    return await end(store, byAccessToken(await ENDS.revoked(store)));
  },
  async not_found(store) {
    return await end(store, byRefreshToken(await ENDS.not_found(store)));
  },
  async not_allowed(store) {
    const { token } = await open(store);
    return await end(store, byRefreshToken(store.sessions.forge(token)));
  },
  async stale(store) {
    const { old } = await openSuperseded(store, { key: OWN });
    return await end(store, byAccessToken(old));
  },
  async proof_required(store) {
    const { old } = await openSuperseded(store, { key: OWN });
    return await end(store, byRefreshToken(old));
  },
  async proof_key_unknown(store) {
    const { old } = await openSuperseded(store, { key: OWN });
    return await end(store, byRefreshToken(old, OTHER));
  },
  async reused(store) {
    const { old } = await openSuperseded(store);
    return await end(store, byRefreshToken(old));
  },
});

const LOG_OUT = endings(({ sessions }, proof) => sessions.store.logOut(proof, contextOf()));

const LOG_OUT_OTHERS = endings(({ sessions }, proof) =>
  sessions.store.logOutEverywhere({ proof, scope: "others" }, contextOf())
);

/** By an access token of another session of the same user. */
const END_OWN_SESSION: Readonly<
  Record<"ended" | "already_ended" | "not_found" | Exclude<ValidationOutcome, "active">, Scenario>
> = {
  ...ended(({ sessions }, token) => endOwn(sessions, token, randomUUID())),
  async ended(store) {
    const { token, userId } = await open(store);
    const other = await store.sessions.signIn(userId);
    return await endOwn(store.sessions, token, other.sessionId);
  },
  async already_ended(store) {
    const { token, userId } = await open(store);
    const other = await store.sessions.signIn(userId);
    await endOwn(store.sessions, token, other.sessionId);
    return await endOwn(store.sessions, token, other.sessionId);
  },
  async not_found(store) {
    const [{ token }, { token: anothers }] = [await open(store), await open(store)];
    return await endOwn(store.sessions, token, anothers.sessionId);
  },
  async stale(store) {
    const { held } = await openFork(store);
    return await endOwn(store.sessions, held, held.sessionId);
  },
};

function endOwn(
  { store }: StoreFixture["sessions"],
  { sessionId, generation, branch }: TokenPlace,
  other: string,
) {
  const acting = { sessionId, generation, branch };
  return store.endOwnSession({ sessionId: other as SessionId, acting }, contextOf());
}

const LIST_SESSIONS: Readonly<Record<ValidationOutcome, Scenario>> = {
  ...ended(({ sessions }, token) => sessions.store.listSessions(token, contextOf())),
  async active(store) {
    const { token, userId } = await open(store);
    await store.sessions.signIn(userId, { userAgent: 'Zoë\'s Browser/1.0 ("x"; \\)' });
    return await store.sessions.store.listSessions(token, contextOf());
  },
  async stale(store) {
    const { held } = await openFork(store);
    return await store.sessions.store.listSessions(held, contextOf());
  },
};

function bucketNamed(name: string, change: Partial<ThrottleBucket> = {}): ThrottleBucket {
  return {
    id: new Uint8Array(createHash("sha256").update(name).digest()),
    freeFailures: 3,
    forgiveSeconds: 6000,
    maxDelaySeconds: 6000,
    ...change,
  };
}

const BUCKETS = [bucketNamed("pair"), bucketNamed("account")];

const CHECK_LOGIN_ALLOWED: Readonly<
  Record<"admitted" | "delayed", Scenario>
> = {
  admitted: ({ sessions }) => sessions.store.admitLogin([...BUCKETS, bucketNamed("network")]),
  async delayed({ sessions }) {
    const buckets = [bucketNamed("pair", { freeFailures: 0 }), bucketNamed("account")];
    const { store } = sessions;
    for (let failures = 0; failures < 8; failures++) {
      const answer = await store.admitLogin(buckets);
      if (answer.kind === "delayed") {
        assert.ok(answer.retryAfterSeconds >= 1, "a delay is at least a second");
        return { kind: answer.kind };
      }
    }
    return assert.fail("eight failures delayed nothing");
  },
};

const RECORD_LOGIN_FAILURE: Readonly<
  Record<"wrong password" | "right password" | "outage", Scenario>
> = {
  async "wrong password"({ sessions }) {
    const admitted = await sessions.store.admitLogin(BUCKETS);
    assert.ok(admitted.kind === "admitted");
    const failure = { charge: admitted.charge, refunded: false, reason: 'it\'s "wrong" — ß' };
    return await sessions.store.recordLoginFailure(failure, contextOf());
  },
  async "right password"(store) {
    const rate = { rightPasswordBurst: 5, rightPasswordIntervalSeconds: 600 };
    const sessions = store.under(rate);
    const admitted = await sessions.store.admitLogin(BUCKETS);
    assert.ok(admitted.kind === "admitted");
    const { charge } = admitted;
    const failure = { charge, refunded: true, reason: "mfa_required", passwordWasRight: true };
    return await sessions.store.recordLoginFailure(failure, contextOf());
  },
  async outage({ sessions }) {
    const admitted = await sessions.store.admitLogin(BUCKETS);
    assert.ok(admitted.kind === "admitted");
    const failure = { charge: admitted.charge, refunded: true, reason: null };
    return await sessions.store.recordLoginFailure(failure, contextOf());
  },
};

const CHECK_ACCESS_TOKEN_HOOK: Readonly<Record<"true" | "false", Scenario>> = {
  async true({ admin, sessions }) {
    await createHook(admin, REFUSAL);
    return await sessions.store.hasAccessTokenHook(HOOK);
  },
  false: ({ sessions }) => sessions.store.hasAccessTokenHook("public.no_such_hook"),
};

const UNIFIED_AUTH_LAST_MIGRATION: Readonly<Record<"true" | "false", Scenario>> = {
  true: ({ sessions }) => sessions.store.hasMigrations(),
  async false({ admin, sessions }) {
    await admin`alter function public.unified_auth_last_migration rename to of_later`;
    try {
      return await sessions.store.hasMigrations();
    } finally {
      await admin`alter function public.of_later rename to unified_auth_last_migration`;
    }
  },
};

const DATABASE_IS_READ_ONLY: Readonly<Record<"ready" | "read_only", Scenario>> = {
  ready: ({ sessions }) => sessions.store.readDatabaseState(),
  async read_only({ admin, database, sessions }) {
    const setReadOnly = async (value: "on" | "off") => {
      await admin.unsafe(
        `alter database ${database.name} set default_transaction_read_only = ${value}`,
      );
      await admin`
        select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid()`;
    };
    await setReadOnly("on");
    // The first call may be given a connection that is about to end.
    await sessions.store.readDatabaseState().catch(() => {});
    try {
      return await sessions.store.readDatabaseState();
    } finally {
      await setReadOnly("off");
    }
  },
};

const newClaim = () => new Uint8Array(randomBytes(32)) as Uint8Array as ClaimHash;

const CLAIM_SIGN_IN: Readonly<Record<"true" | "false", Scenario>> = {
  true: ({ signIn }) => signIn.claim(newClaim(), { keepSeconds: 600 }),
  async false({ signIn }) {
    const claim = newClaim();
    await signIn.claim(claim, { keepSeconds: 600 });
    return await signIn.claim(claim, { keepSeconds: 600 });
  },
};

const RELEASE_SIGN_IN: Readonly<Record<"released", Scenario>> = {
  async released({ signIn }) {
    const [claim, other] = [newClaim(), newClaim()];
    await signIn.claim(claim, { keepSeconds: 600 });
    await signIn.claim(other, { keepSeconds: 600 });
    return await signIn.release(claim);
  },
};

const ANNOUNCE_PASSWORD_CHANGE: Readonly<Record<"announced", Scenario>> = {
  async announced(store) {
    const { token, userId } = await open(store);
    return await store.signIn.announcePasswordChange({
      userId: userId as UserId,
      sessionId: token.sessionId,
      identitySessionId: randomUUID(),
    });
  },
};

/** Of each function; none of those that the functions do not call. */
export const SCENARIOS: Readonly<
  Record<FunctionName, readonly Readonly<Record<string, Scenario>>[]>
> = {
  create_session: [CREATE_SESSION],
  validate_session: [VALIDATE_SESSION],
  rotate_session: [ROTATE_SESSION],
  revoke_session: [LOG_OUT, END_OWN_SESSION],
  revoke_user_sessions: [LOG_OUT_OTHERS],
  list_user_sessions: [LIST_SESSIONS],
  check_login_allowed: [CHECK_LOGIN_ALLOWED],
  record_login_failure: [RECORD_LOGIN_FAILURE],
  check_access_token_hook: [CHECK_ACCESS_TOKEN_HOOK],
  database_is_read_only: [DATABASE_IS_READ_ONLY],
  unified_auth_last_migration: [UNIFIED_AUTH_LAST_MIGRATION],
  claim_sign_in: [CLAIM_SIGN_IN],
  release_sign_in: [RELEASE_SIGN_IN],
  announce_password_change: [ANNOUNCE_PASSWORD_CHANGE],
  purge_sessions: [],
  session_is_live: [],
};
