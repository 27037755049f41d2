/**
 * The `unified-auth` app in this process, over a store that does as the test says: for what no real
 * database can be made to do, and for counting its calls. Keys, tokens, cookies and routes are
 * the real ones.
 *
 * @module
 */

import type { SessionId } from "../../../supabase/functions/_shared/brands.ts";
import { createSessionCookies } from "../../../supabase/functions/_shared/http/cookies.ts";
import type { App } from "../../../supabase/functions/_shared/http/envelope.ts";
import { createUnifiedAuthApp } from "../../../supabase/functions/_shared/http/unified_auth_app.ts";
import type { IdentityProvider } from "../../../supabase/functions/_shared/identity/identity_provider.ts";
import { createLogger } from "../../../supabase/functions/_shared/log.ts";
import type { SessionStore } from "../../../supabase/functions/_shared/store/session_store.ts";
import { createRefusalPace } from "../../../supabase/functions/_shared/sessions/refusal_pace.ts";
import { keys as signingKeys, tokens } from "../../unit/functions/access_token_fixture.ts";
import { keys } from "../../unit/functions/arbitraries.ts";

/** A store of which every method does the same. */
export function storeThat(answer: (method: string) => Promise<never>): SessionStore {
  return new Proxy({} as SessionStore, { get: (_target, method) => () => answer(String(method)) });
}

export function createAppInProcess(
  store: SessionStore,
  identityProvider: Partial<IdentityProvider> = {},
): App {
  const log = createLogger({ write: () => {}, now: () => new Date() });
  const notCalled = () => Promise.reject(new TypeError("The identity provider must not be called"));
  const pace = createRefusalPace({ nowMs: Date.now, delay: () => Promise.resolve() });
  return createUnifiedAuthApp({
    dependencies: {
      store,
      identityProvider: {
        verifyPassword: notCalled,
        verifyToken: notCalled,
        dropSession: notCalled,
        ...identityProvider,
      },
      accessTokens: tokens,
      keys,
      log,
      lifetimes: { refreshTtlSeconds: 2_592_000, absoluteTtlSeconds: 0 },
      randomBytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
      newSessionId: () => crypto.randomUUID() as SessionId,
      nowMs: Date.now,
      refusalPace: pace,
    },
    loadSignIn: () => Promise.reject(new TypeError("No sign-in flow must be taken")),
    cookies: createSessionCookies({ domain: null, sameSite: "lax" }),
    publicJwks: signingKeys.publicJwks,
    graceSeconds: 43_200,
    exposeAccessToken: false,
    binding: { kind: "on" },
    allowedOrigins: [],
    clientIpHeader: "cf-connecting-ip",
    log,
    nowMs: () => performance.now(),
    newRequestId: () => crypto.randomUUID(),
  });
}
