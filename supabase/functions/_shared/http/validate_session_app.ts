/**
 * The `validate-session` function: one question. It never rotates a token and never sets a
 * cookie, so that a proxy or a server-rendered page may ask it on a user's behalf.
 *
 * @module
 */

import type { SessionCookies } from "./cookies.ts";
import type { SessionDependencies } from "../sessions/dependencies.ts";
import { judgeGrace } from "../sessions/grace.ts";
import {
  addLogFields,
  type App,
  createEnvelope,
  type EnvelopeOptions,
  refuseOtherMethods,
} from "./envelope.ts";
import { readBody } from "./request_body.ts";
import { RequestError } from "./request_error.ts";
import { readPresentedTokens } from "./presented_tokens.ts";
import { renderGrace } from "./views.ts";

export interface ValidateSessionOptions
  extends Omit<EnvelopeOptions, "functionName" | "knownTail" | "takesExchange" | "saysInvalid"> {
  readonly dependencies: SessionDependencies;
  readonly cookies: SessionCookies;
  readonly graceSeconds: number;
  readonly bindsSessions: boolean;
  readonly exposeAccessToken: boolean;
}

export function createValidateSessionApp(options: ValidateSessionOptions): App {
  const { dependencies, cookies, graceSeconds } = options;
  const app = createEnvelope({
    ...options,
    functionName: "validate-session",
    knownTail: /(?!)/, // its one route is the function's own path
    takesExchange: () => false,
    saysInvalid: () => true,
  });

  app.on(["GET", "POST"], "/", async function judge(context) {
    await readBody(context, "refreshBody");
    const reader = { ...dependencies, cookies, bindsSessions: options.bindsSessions };
    const tokens = await readPresentedTokens(reader, context.req.raw.headers);
    const result = await judgeGrace(dependencies, {
      ...tokens,
      graceSeconds,
      context: context.get("requestContext"),
    });
    if (result.kind === "refused") throw new RequestError(result.code, result);
    addLogFields(context, {
      outcome: result.kind,
      session_id: result.session.sessionId,
      user_id: result.session.userId,
    });
    const isExposed = options.exposeAccessToken && result.kind === "active";
    return context.json(renderGrace(result, isExposed ? tokens.accessToken : null));
  });

  refuseOtherMethods(app, { "/": "GET, POST" });
  return app;
}
