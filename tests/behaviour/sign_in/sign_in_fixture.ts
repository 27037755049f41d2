/**
 * People who sign in by every way but the password: their browsers follow links, their mails and text
 * messages are read, their authenticator app shows codes.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Message } from "../../../local/platform/auth/mailbox.ts";
import type { TestStackOptions } from "../../../local/testing/test_server.ts";
import { type Answer, type Browser, viewOf } from "../http/browser.ts";
import { addTotp, type Authenticator } from "./authenticator.ts";
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

/** The sessions that were answered: a repetition has the one of the first answer. */
export function sessionsIn(answers: readonly Answer[]): ReadonlySet<string> {
  return new Set(
    answers.filter(({ status }) => status === 200).map((answer) => viewOf(answer).session.id),
  );
}

export const WRONG_CODE = "000000";

export async function openSignInFixture(options: TestStackOptions = {}): Promise<SignInFixture> {
  const fixture = await openHttpFixture({ functions: ["unified-auth"], ...options });
  const { stack } = fixture;
  stack.authSettings.mailIntervalSeconds = 0;

  const send = (browser: Browser, method: string) => (path: string, body: unknown) =>
    browser.call(`/unified-auth${path}`, { method, body });

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

    addTotp: (person) => addTotp(stack, person),
  };
}
