/**
 * The routes of every sign-in but the password: parse, call the flow, render. The state that a flow keeps
 * for its next step goes into sealed cookies, and Supabase Auth's session goes nowhere else.
 *
 * @module
 */

import type { SignInRoute } from "./sign_in_routes.ts";
import type { Identity } from "../identity/identity_provider.ts";
import type { LoginOrigin } from "../sessions/login.ts";
import { continueWithFactor } from "../sign_in/second_factor.ts";
import type { RequestOf } from "./envelope.ts";
import {
  createSignInSteps,
  type RoutesOf,
  type SessionBridge,
  type SignInOptions,
} from "./sign_in_steps.ts";
import { createOAuthRoutes } from "./oauth_routes.ts";
import { createMessageRoutes } from "./message_routes.ts";
import { createAccountRoutes } from "./account_routes.ts";
import { createPasskeyRoutes } from "./passkey_routes.ts";

export interface SignInHandlers {
  handle(route: SignInRoute, context: RequestOf): Response | Promise<Response>;
  /** Answers a login by password of a user who has a second factor. */
  askForFactor(
    context: RequestOf,
    login: { readonly identity: Identity; readonly origin: LoginOrigin },
  ): Promise<Response>;
  /** Ends what the browser of this request has half done. */
  giveUp(context: RequestOf): Promise<void>;
}

export function createSignInHandlers(
  options: SignInOptions,
  bridge: SessionBridge,
): SignInHandlers {
  const steps = createSignInSteps(options, bridge);
  const routes: RoutesOf<SignInRoute> = {
    ...createOAuthRoutes(steps),
    ...createMessageRoutes(steps),
    ...createAccountRoutes(steps),
    ...createPasskeyRoutes(steps),
  };
  return {
    handle: (route, context) => routes[route](context),
    askForFactor: async (context, login) =>
      await steps.answer(context, await continueWithFactor(steps.dependencies, login)),
    giveUp: steps.giveUp,
  };
}
