import assert from "node:assert/strict";
import type { SessionId, UserId } from "../../../supabase/functions/_shared/brands.ts";
import type { IdentityToken } from "../../../supabase/functions/_shared/identity/identity_provider.ts";
import { createLogger } from "../../../supabase/functions/_shared/log.ts";
import { ServiceUnavailableError } from "../../../supabase/functions/_shared/service_unavailable.ts";
import { deriveSessionKeys } from "../../../supabase/functions/_shared/tokens/session_keys.ts";
import type { SessionStore } from "../../../supabase/functions/_shared/store/session_store.ts";
import type { SessionDependencies } from "../../../supabase/functions/_shared/sessions/dependencies.ts";
import {
  logInByExchange,
  logInByPassword,
} from "../../../supabase/functions/_shared/sessions/login.ts";
import { NO_PROOF } from "../../../supabase/functions/_shared/sessions/proof.ts";
import { createRefusalPace } from "../../../supabase/functions/_shared/sessions/refusal_pace.ts";
import { contextOf } from "../../behaviour/sql/sql_sessions.ts";

const outage = (code: string) => new ServiceUnavailableError({ dependency: "session_store", code });
const unasked = () => Promise.reject(new TypeError("A login asks for nothing else"));

/** A database that admits a login and goes away before the session is stored. */
function openFailingLogin(refund: () => Promise<void> = () => Promise.resolve()) {
  const asked: unknown[] = [];
  const charge = { buckets: [new Uint8Array(32)], chargedAt: new Date(0) };
  const store: SessionStore = {
    admitLogin: () => Promise.resolve({ kind: "admitted", charge }),
    createSession: () => Promise.reject(outage("away")),
    recordLoginFailure(failure) {
      asked.push(failure);
      return refund();
    },
    validateSession: unasked,
    rotateSession: unasked,
    logOut: unasked,
    logOutEverywhere: unasked,
    endOwnSession: unasked,
    listSessions: unasked,
    hasAccessTokenHook: unasked,
    hasMigrations: unasked,
    readDatabaseState: unasked,
  };
  const token = "token" as IdentityToken;
  const identity = {
    userId: "ada" as UserId,
    aal: "aal1",
    amr: [],
    hasVerifiedFactor: false,
    token,
    identitySessionId: "00000000-0000-4000-8000-000000000001",
  };
  const dependencies: SessionDependencies = {
    store,
    identityProvider: {
      verifyPassword: () => Promise.resolve({ kind: "accepted", identity }),
      verifyToken: () => Promise.resolve({ kind: "accepted", identity }),
      dropSession(dropped) {
        asked.push(dropped);
        return Promise.resolve({ kind: "dropped" });
      },
    },
    accessTokens: { sign: unasked, recall: () => null, verify: unasked },
    keys: deriveSessionKeys(["s".repeat(32)], "http://project.test"),
    log: createLogger({ write: () => {}, now: () => new Date(0) }),
    randomBytes: (length) => new Uint8Array(length),
    newSessionId: () => "00000000-0000-4000-8000-000000000000" as SessionId,
    nowMs: () => 0,
    refusalPace: createRefusalPace({ nowMs: () => 0, delay: unasked }),
    lifetimes: { refreshTtlSeconds: 2_592_000, absoluteTtlSeconds: 0 },
  };
  const origin = { deviceName: null, presented: null, readProof: NO_PROOF, context: contextOf() };
  const credentials = { email: "ada@example.com", password: "right", captchaToken: null };
  return {
    asked,
    byPassword: () => logInByPassword(dependencies, { ...origin, credentials }),
    byExchange: () => logInByExchange(dependencies, { ...origin, token }),
    refunded: { charge, refunded: true, reason: null },
    token,
  };
}

Deno.test("a right password whose session is not stored is refunded, and its session of Supabase Auth dropped", async () => {
  const login = openFailingLogin();
  await assert.rejects(login.byPassword(), outage("away"));
  assert.deepEqual(login.asked, [login.refunded, login.token]);
});

Deno.test("a refund that fails as well does not replace the outage, and drops the session all the same", async () => {
  const login = openFailingLogin(() => Promise.reject(outage("still away")));
  await assert.rejects(login.byPassword(), outage("away"));
  assert.deepEqual(login.asked, [login.refunded, login.token]);
});

Deno.test("a token whose session is not stored can be exchanged again", async () => {
  const login = openFailingLogin();
  await assert.rejects(login.byExchange(), outage("away"));
  assert.deepEqual(login.asked, []);
});
