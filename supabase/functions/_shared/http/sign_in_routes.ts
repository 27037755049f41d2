/**
 * The sign-in routes by path, with their methods. Their handlers, and all that these need, are loaded
 * when the first of them is called: a cold start is mostly for somebody who is signed in.
 *
 * @module
 */

import type { App } from "./envelope.ts";
import type { SignInHandlers } from "./sign_in_app.ts";

export const SIGN_IN_ROUTES = {
  "/authorize": "GET",
  "/callback": "GET",
  "/confirm": "GET",
  "/otp": "POST",
  "/verify": "POST",
  "/cancel": "POST",
  "/signup": "POST",
  "/recover": "POST",
  "/password": "PUT",
  "/mfa/challenge": "POST",
  "/mfa/verify": "POST",
  "/mfa/factors": "GET, POST",
  "/mfa/factors/:id": "DELETE",
  "/passkeys/options": "POST",
  "/passkeys/verify": "POST",
} as const;

/** In the name of each cookie that carries a half-done sign-in. */
export const SIGN_IN_COOKIE = "sign_in";

/** Of a text such as `GET, POST`. */
type MethodIn<Methods extends string> = Methods extends `${infer Method}, ${infer Others}`
  ? Method | MethodIn<Others>
  : Methods;

export type SignInRoute = {
  [Path in keyof typeof SIGN_IN_ROUTES]: `${MethodIn<typeof SIGN_IN_ROUTES[Path]>} ${Path}`;
}[keyof typeof SIGN_IN_ROUTES];

export function addSignInRoutes(app: App, signIn: () => Promise<SignInHandlers>): void {
  for (const [path, methods] of Object.entries(SIGN_IN_ROUTES)) {
    for (const method of methods.split(", ")) {
      app.on(method, path, async function handleSignIn(context) {
        return await (await signIn()).handle(`${method} ${path}` as SignInRoute, context);
      });
    }
  }
}
