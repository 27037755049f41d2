/**
 * People who sign in by every way but the password: their browsers follow links, their mails and text
 * messages are read, their authenticator app shows codes.
 *
 * @module
 */

import assert from "node:assert/strict";
import { totpCode } from "../../../local/platform/auth/totp.ts";
import type { Message } from "../../../local/platform/auth/mailbox.ts";
import type { TestStackOptions } from "../../../local/testing/test_server.ts";
import type { Answer, Browser } from "../http/browser.ts";
import { type HttpFixture, openHttpFixture, type Person } from "../http/fixture.ts";

/** An answer that a browser shows or follows, and that is no JSON. */
export interface Page {
  readonly status: number;
  readonly headers: Headers;
  readonly setCookies: readonly string[];
  readonly text: string;
  /** Where it sends the browser. */
  readonly location: string;
}

export interface SignInFixture extends HttpFixture {
  /** Opens a path of the function, or any URL, as a link does, and keeps the cookies. */
  visit(browser: Browser, url: string, options?: { readonly lost?: boolean }): Promise<Page>;
  /** Goes through the provider's page as somebody; answers the address that Supabase Auth sends to. */
  passProvider(page: Page, as: { readonly email: string } | "refused"): Promise<string>;
  post(browser: Browser, path: string, body: unknown): Promise<Answer>;
  put(browser: Browser, path: string, body: unknown): Promise<Answer>;
  lastMessage(to: string): Message;
  /** Enrolls a TOTP by Supabase Auth's own routes; answers its id and its app. */
  addTotp(person: Person): Promise<Authenticator>;
  countMessages(to: string): number;
}

export interface Authenticator {
  readonly id: string;
  /** One that was not given before, as each is taken once; good for half a minute at least. */
  code(): string;
}

export const WRONG_CODE = "000000";

const STEP_MS = 30_000;

export async function openSignInFixture(options: TestStackOptions = {}): Promise<SignInFixture> {
  const fixture = await openHttpFixture({ functions: ["unified-auth"], ...options });
  const { stack } = fixture;
  stack.authSettings.mailIntervalSeconds = 0;
  const authUrl = `${stack.baseUrl}/auth/v1`;

  const send = (browser: Browser, method: string) => (path: string, body: unknown) =>
    browser.call(`/unified-auth${path}`, { method, body });

  const asUser = async (token: string, path: string, body: unknown) => {
    const response = await fetch(`${authUrl}${path}`, {
      method: "POST",
      headers: {
        apikey: stack.keys.publishable,
        authorization: `Bearer ${token}`,
        "content-type": "application/json",
      },
      body: JSON.stringify(body),
    });
    const text = await response.text();
    return text === "" ? {} : JSON.parse(text);
  };

  return {
    ...fixture,
    post: (browser, path, body) => send(browser, "POST")(path, body),
    put: (browser, path, body) => send(browser, "PUT")(path, body),

    async visit(browser, url, { lost = false } = {}) {
      const target = url.startsWith("/") ? `${stack.functionsUrl}/unified-auth${url}` : url;
      const response = await fetch(target, {
        redirect: "manual",
        headers: {
          "sec-fetch-site": "cross-site",
          "sec-fetch-mode": "navigate",
          cookie: [...browser.cookies].map((pair) => pair.join("=")).join("; "),
        },
      });
      const page = {
        status: response.status,
        headers: response.headers,
        setCookies: response.headers.getSetCookie(),
        text: await response.text(),
        location: response.headers.get("location") ?? "",
      };
      if (!lost) browser.keep({ ...page, body: {} });
      return page;
    },

    async passProvider({ location }, as) {
      const { searchParams } = new URL(location);
      const callback = new URL(searchParams.get("redirect_uri") ?? "");
      callback.searchParams.set("state", searchParams.get("state") ?? "");
      if (as === "refused") callback.searchParams.set("error", "access_denied");
      else callback.searchParams.set("code", as.email);
      const response = await fetch(callback, { redirect: "manual" });
      await response.body?.cancel();
      return response.headers.get("location") ?? assert.fail("no way back");
    },

    lastMessage: (to) =>
      stack.mailbox.messages.findLast((message) => message.to === to) ??
        assert.fail(`nothing was sent to ${to}`),
    countMessages: (to) => stack.mailbox.messages.filter((message) => message.to === to).length,

    async addTotp({ email, password }) {
      const signedIn = await fetch(`${authUrl}/token?grant_type=password`, {
        method: "POST",
        headers: { apikey: stack.keys.publishable, "content-type": "application/json" },
        body: JSON.stringify({ email, password }),
      });
      const { access_token } = await signedIn.json();
      const enroll = { factor_type: "totp", friendly_name: "App" };
      const { id, totp } = await asUser(access_token, "/factors", enroll);
      const challenge = await asUser(access_token, `/factors/${id}/challenge`, {});
      const given = new Set<number>();
      const code = () => {
        const now = Math.floor(Date.now() / STEP_MS);
        const step = [now, now + 1, now - 1].find((each) => !given.has(each)) ??
          assert.fail("every code of this minute was used");
        given.add(step);
        return totpCode(totp.secret, step * STEP_MS);
      };
      await asUser(access_token, `/factors/${id}/verify`, {
        challenge_id: challenge.id,
        code: totpCode(totp.secret, Date.now()), // of which our functions know nothing
      });
      await asUser(access_token, "/logout?scope=local", {});
      return { id, code };
    },
  };
}
