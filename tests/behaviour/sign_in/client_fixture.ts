/**
 * The client's sign-in flows against the functions, in a page whose cookies are a browser's.
 *
 * @module
 */

import assert from "node:assert/strict";
import { browserEnvironment } from "../../../client/src/environment.ts";
import { createSession } from "../../../client/src/session/create_session.ts";
import { createSignIn } from "../../../client/src/sign_in/create_sign_in.ts";
import type { PageNavigation } from "../../../client/src/sign_in/oauth.ts";
import type { Passkeys } from "../../../client/src/sign_in/passkey.ts";
import { createHttpTransport } from "../../../client/src/transport/http_transport.ts";
import type { UnifiedAuthUser } from "../../../client/src/transport/views.ts";
import type { Browser } from "../http/browser.ts";
import { openSignInFixture, type SignInFixture } from "./sign_in_fixture.ts";

export const APP = "https://app.example.com";
export const PAGE = `${APP}/deep/page?tab=2#part`;
export const NEW_PASSWORD = "another-horse-battery-staple";

interface ClientFixture extends SignInFixture {
  openClient(browser: Browser, options?: ClientOptions): ReturnType<typeof openClient>;
}

export async function openClientFixture(): Promise<ClientFixture> {
  const fixture = await openSignInFixture({ environment: { SESSION_ALLOWED_ORIGINS: APP } });
  return { ...fixture, openClient: (...args) => openClient(fixture, ...args) };
}

interface ClientOptions {
  readonly navigation?: Partial<PageNavigation>;
  readonly passkeys?: Passkeys;
}

function openClient(
  { stack }: SignInFixture,
  browser: Browser,
  { navigation, passkeys }: ClientOptions = {},
) {
  const prefix = `${stack.functionsUrl}/unified-auth`;
  const environment = {
    ...browserEnvironment(),
    async fetch(input: string | Request, { method = "GET", body, headers }: RequestInit = {}) {
      const answer = await browser.call(`/unified-auth${String(input).slice(prefix.length)}`, {
        method,
        body: body === undefined ? undefined : JSON.parse(String(body)),
        headers: Object.fromEntries(new Headers(headers)),
        tries: 1,
      });
      return new Response(JSON.stringify(answer.body), {
        status: answer.status,
        headers: answer.headers,
      });
    },
  };
  const transport = createHttpTransport<UnifiedAuthUser>({ baseUrl: prefix, environment });
  const session = createSession<UnifiedAuthUser>({ transport, environment });
  const signIn = createSignIn<UnifiedAuthUser>({
    session,
    transport,
    environment,
    navigation: {
      address: () => new URL(PAGE),
      leaveFor: (url) => assert.fail(`left for ${url}`),
      openPopup: () => null,
      isPopup: () => false,
      replaceAddress: () => {},
      ...navigation,
    },
    passkeys: () => passkeys ?? null,
  });
  return { session, signIn };
}

export function assertKind<Outcome extends { readonly kind: string }, Kind extends Outcome["kind"]>(
  outcome: Outcome,
  kind: Kind,
): asserts outcome is Extract<Outcome, { readonly kind: Kind }> {
  assert.equal(outcome.kind, kind, JSON.stringify(outcome));
}

export function assertRefusal(
  outcome: { readonly kind: string; readonly code?: string },
  code: string,
): void {
  assert.deepEqual([outcome.kind, outcome.code], ["refused", code]);
}
