/**
 * The routes of the `unified-auth` function: parse, ask the use case, render. No rule of sessions is
 * decided here.
 *
 * @module
 */

import type { SessionId } from "../brands.ts";
import type { Binding } from "../tokens/binding.ts";
import type { SessionCookies } from "./cookies.ts";
import { ERRORS } from "../errors.ts";
import { loadOnce } from "../load_once.ts";
import type { IdentityToken } from "../identity/identity_provider.ts";
import type { ProofRoute } from "../tokens/key_proof.ts";
import type { PublicJwk } from "../tokens/signing_keys.ts";
import type { SessionGrant } from "../sessions/grant.ts";
import { logInByExchange, logInByPassword } from "../sessions/login.ts";
import { logOut } from "../sessions/logout.ts";
import { endOwnSession, listOwnSessions } from "../sessions/own_sessions.ts";
import { refreshSession } from "../sessions/refresh.ts";
import { NO_PROOF } from "../sessions/proof.ts";
import type { Refusal } from "../sessions/refusal.ts";
import { validateSession } from "../sessions/validate.ts";
import type { SessionDependencies } from "../sessions/dependencies.ts";
import {
  addCookies,
  addLogFields,
  type App,
  createEnvelope,
  type EnvelopeOptions,
  refuseOtherMethods,
  type RequestOf,
} from "./envelope.ts";
import { readBody, readLoginBody } from "./request_body.ts";
import { RequestError, tooManyAttempts } from "./request_error.ts";
import { readRequestProof } from "./request_proof.ts";
import { requireId, tailOf } from "./route_path.ts";
import { grantCookies, mayClearCookies, missingPresentCookie } from "./session_cookies.ts";
import {
  readCookieSessions,
  readPresentedRefreshToken,
  readPresentedTokens,
} from "./presented_tokens.ts";
import type { SessionBridge, SignInParts } from "./sign_in_steps.ts";
import { addSignInRoutes, SIGN_IN_COOKIE, SIGN_IN_ROUTES } from "./sign_in_routes.ts";
import { renderError, renderSession } from "./views.ts";

export interface UnifiedAuthOptions
  extends Omit<EnvelopeOptions, "functionName" | "knownTail" | "takesExchange" | "saysInvalid"> {
  readonly dependencies: SessionDependencies;
  readonly cookies: SessionCookies;
  /** Called when the first sign-in needs them. */
  readonly loadSignIn: () => Promise<SignInParts>;
  readonly publicJwks: { readonly keys: readonly PublicJwk[] };
  readonly graceSeconds: number;
  readonly exposeAccessToken: boolean;
  /** Whether sessions are bound to the keys of their browsers. */
  readonly binding: Binding;
}

/** Every route, and the methods that it answers to. */
export const ROUTES = {
  "/login": "POST",
  "/validate": "POST",
  "/refresh": "POST",
  "/logout": "POST",
  "/sessions": "GET",
  "/sessions/:id": "DELETE",
  "/.well-known/jwks.json": "GET",
  "/openapi.json": "GET",
  "/health": "GET",
  ...SIGN_IN_ROUTES,
} as const;

export function createUnifiedAuthApp(options: UnifiedAuthOptions): App {
  const { dependencies, cookies, exposeAccessToken, binding } = options;
  const bindsSessions = binding.kind === "on";
  const { keys } = dependencies;
  const app = createEnvelope({
    ...options,
    functionName: "unified-auth",
    knownTail: tailOf(ROUTES),
    takesExchange: (path) => path === "/login",
    saysInvalid: (path) => path === "/validate",
  });

  const tokenReader = { ...dependencies, cookies, bindsSessions };
  const presentedTokens = (context: RequestOf) =>
    readPresentedTokens(tokenReader, context.req.raw.headers);
  const presentedRefreshToken = (context: RequestOf) =>
    readPresentedRefreshToken(tokenReader, context.req.raw.headers);
  const readProof = (context: RequestOf, route: ProofRoute) =>
    readRequestProof(context.req.raw.headers, { route, keys, bindsSessions });

  const answerGrant = (
    context: RequestOf,
    grant: SessionGrant,
    { refreshed, outcome }: { readonly refreshed: boolean; readonly outcome: string },
  ) => {
    addCookies(context, grantCookies(cookies, grant, options));
    addLogFields(context, {
      outcome,
      session_id: grant.session.sessionId,
      user_id: grant.session.userId,
    });
    const accessToken = exposeAccessToken ? grant.accessToken : null;
    return context.json(renderSession(grant, { refreshed, accessToken, bindsSessions, keys }));
  };

  const clearIfEnded = async (context: RequestOf, endedSessions: readonly SessionId[]) => {
    if (endedSessions.length === 0) return;
    const cookieSessions = await readCookieSessions(tokenReader, context.req.raw.headers);
    if (mayClearCookies(endedSessions, cookieSessions)) addCookies(context, cookies.clear());
  };

  const refuse = async (context: RequestOf, refusal: Refusal): Promise<never> => {
    await clearIfEnded(context, refusal.endedSessions);
    addLogFields(context, { session_id: refusal.sessionId ?? undefined });
    throw new RequestError(refusal.code, { challenge: refusal.challenge });
  };

  const bridge: SessionBridge = {
    async readOrigin(context, deviceName) {
      const refresh = await presentedRefreshToken(context);
      return {
        deviceName: deviceName ?? null,
        presented: refresh.kind === "genuine" ? refresh.token : null,
        // Bound at the client's first refresh: a link and a redirect carry no proof of its key.
        readProof: NO_PROOF,
        context: context.get("requestContext"),
      };
    },
    async requireOwn(context) {
      const tokens = await presentedTokens(context);
      const requestContext = context.get("requestContext");
      const request = {
        ...tokens,
        mode: "never",
        readProof: NO_PROOF,
        context: requestContext,
      } as const;
      const result = await validateSession(dependencies, request);
      switch (result.kind) {
        case "active":
          return result;
        case "refused":
          return await refuse(context, result);
        case "refreshed":
        case "throttled":
          throw new TypeError(`Cannot be of a validate that never refreshes: ${result.kind}`);
        default:
          return result satisfies never;
      }
    },
    setGrantCookies(context, grant) {
      addCookies(context, grantCookies(cookies, grant, options));
    },
    answerGrant: (context, grant) =>
      answerGrant(context, grant, { refreshed: false, outcome: "login" }),
    async answerOwn(context, own) {
      const { accessToken } = await presentedTokens(context);
      const view = { accessToken: exposeAccessToken ? accessToken : null, bindsSessions, keys };
      return context.json(renderSession(own, { refreshed: false, ...view }));
    },
  };
  const signIn = loadOnce(async () => {
    const [{ createSignInHandlers }, parts] = await Promise.all([
      import("./sign_in_app.ts"),
      options.loadSignIn(),
    ]);
    return createSignInHandlers({ ...parts, allowedOrigins: options.allowedOrigins }, bridge);
  });
  addSignInRoutes(app, signIn);

  /** Half done before a password login or a sign-out, it may be of who used this browser before. */
  const giveUpHalfDone = async (context: RequestOf) => {
    if (!context.req.raw.headers.get("cookie")?.includes(SIGN_IN_COOKIE)) return;
    await (await signIn()).giveUp(context);
  };

  app.post("/login", async function login(context) {
    const body = await readLoginBody(context);
    const refresh = await presentedRefreshToken(context);
    const origin = {
      deviceName: body.device_name ?? null,
      presented: refresh.kind === "genuine" ? refresh.token : null,
      readProof: readProof(context, "login"),
      context: context.get("requestContext"),
    };
    const result = "supabase_access_token" in body
      ? await logInByExchange(dependencies, {
        ...origin,
        token: body.supabase_access_token as IdentityToken,
      })
      : await logInByPassword(dependencies, {
        ...origin,
        credentials: {
          email: body.email,
          password: body.password,
          captchaToken: body.captcha_token ?? null,
        },
      });
    switch (result.kind) {
      case "signed_in":
        await giveUpHalfDone(context);
        return answerGrant(context, result.grant, { refreshed: false, outcome: "login" });
      case "second_factor": {
        const { identity } = result;
        return await (await signIn()).askForFactor(context, { identity, origin });
      }
      case "throttled":
        throw tooManyAttempts(result);
      case "refused":
        throw new RequestError(result.code);
      default:
        return result satisfies never;
    }
  });

  app.post("/validate", async function validate(context) {
    const { refresh: mode } = await readBody(context, "validateBody");
    const tokens = await presentedTokens(context);
    const result = await validateSession(dependencies, {
      ...tokens,
      mode,
      readProof: readProof(context, "validate"),
      context: context.get("requestContext"),
    });
    switch (result.kind) {
      case "active": {
        const accessToken = exposeAccessToken ? tokens.accessToken : null;
        const { sessionId, userId } = result.session;
        addLogFields(context, { outcome: "active", session_id: sessionId, user_id: userId });
        if (mode === "auto") { // who says "never" cannot hand a cookie back
          addCookies(context, missingPresentCookie(cookies, result, tokens));
        }
        const view = { refreshed: false, accessToken, bindsSessions, keys };
        return context.json(renderSession(result, view));
      }
      case "refreshed":
        return answerGrant(context, result.grant, { refreshed: true, outcome: "auto-refresh" });
      case "throttled":
        addLogFields(context, { session_id: result.sessionId });
        throw tooManyAttempts(result);
      case "refused":
        return await refuse(context, result);
      default:
        return result satisfies never;
    }
  });

  app.post("/refresh", async function refresh(context) {
    await readBody(context, "refreshBody");
    const refresh = await presentedRefreshToken(context);
    if (refresh.kind !== "genuine") {
      throw new RequestError(
        refresh.kind === "invalid" ? "refresh_token_invalid" : "refresh_token_missing",
      );
    }
    const result = await refreshSession(dependencies, {
      presented: refresh.token,
      others: refresh.others,
      readProof: readProof(context, "refresh"),
      event: "refresh",
      context: context.get("requestContext"),
    });
    switch (result.kind) {
      case "refreshed":
        return answerGrant(context, result.grant, { refreshed: true, outcome: result.outcome });
      case "throttled":
        addLogFields(context, { session_id: result.sessionId });
        throw tooManyAttempts(result);
      case "refused":
        return await refuse(context, result);
      default:
        return result satisfies never;
    }
  });

  app.post("/logout", async function logout(context) {
    const { scope } = await readBody(context, "logoutBody");
    const tokens = await presentedTokens(context);
    const result = await logOut(dependencies, {
      ...tokens,
      scope,
      readProof: readProof(context, "logout"),
      context: context.get("requestContext"),
    });
    if (result.kind === "refused") return await refuse(context, result);
    if (scope !== "others") {
      addCookies(context, cookies.clear());
      await giveUpHalfDone(context);
    }
    addLogFields(context, { outcome: "logout", scope, sessions_ended: result.ended });
    return context.json({ signed_out: true, sessions_ended: result.ended });
  });

  app.get("/sessions", async function listSessions(context) {
    const tokens = await presentedTokens(context);
    const result = await listOwnSessions(dependencies, {
      ...tokens,
      context: context.get("requestContext"),
    });
    if (result.kind === "refused") return await refuse(context, result);
    const { renderSessionList } = await import("./session_list.ts"); // it parses user agents
    return context.json(renderSessionList(result));
  });

  app.delete("/sessions/:id", async function endSession(context) {
    const sessionId = requireId(context);
    const tokens = await presentedTokens(context);
    const result = await endOwnSession(dependencies, {
      ...tokens,
      sessionId: sessionId as SessionId,
      context: context.get("requestContext"),
    });
    switch (result.kind) {
      case "ended":
        await clearIfEnded(context, [sessionId as SessionId]);
        addLogFields(context, { outcome: "revoked", session_id: sessionId });
        return context.json({ signed_out: true, sessions_ended: 1 });
      case "not_found":
        throw new RequestError("not_found");
      case "refused":
        return await refuse(context, result);
      default:
        return result satisfies never;
    }
  });

  app.get("/.well-known/jwks.json", (context) => {
    context.header("Cache-Control", "public, max-age=600");
    return context.json({ keys: options.publicJwks.keys });
  });

  // Loaded by the first request that needs it: few do, and a cold start does not wait for it.
  app.get("/openapi.json", async (context) => {
    const { createOpenApiDocument } = await import("./openapi.ts");
    return context.json(createOpenApiDocument(cookies));
  });

  app.get("/health", async (context) => {
    const { store } = dependencies;
    const state = await store.hasMigrations() ? await store.readDatabaseState() : "outdated";
    if (state === "ready") {
      const health = { status: "ok", database: "ready" };
      return context.json(
        binding.kind === "on" ? health : { ...health, unbound_because: binding.reason },
      );
    }
    // A monitor looks at the status. Sessions go on as far as the database allows.
    const database = state === "read_only" ? "read-only" : state;
    const code = "service_unavailable";
    const { requestId } = context.get("requestContext");
    const error = renderError(code, {
      detail: null,
      challenge: null,
      isStale: false,
      requestId,
      saysInvalid: false,
    });
    addLogFields(context, { code, database });
    return context.json({ ...error, database }, ERRORS[code].status);
  });

  refuseOtherMethods(app, ROUTES);
  return app;
}
