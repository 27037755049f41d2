/**
 * The demo before a sign-in, for tests that sign in there in every way, and what a person does with its
 * inbox.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Page } from "puppeteer-core";
import { fillIn, follow, press, textOf } from "../../harness/browser/page.ts";
import { type DemoPage, openDemoPage, untilSignedIn } from "./demo_stage.ts";
import { type IssuedTokens, recordIssuedTokens } from "./readable_tokens.ts";

export const PASSWORD = "a-long-enough-password";
export const NEW_PASSWORD = "another-long-enough-password";

export interface SignInDemo extends DemoPage {
  /** Of a user with `PASSWORD`, whose address is confirmed. */
  readonly email: string;
  readonly tokens: IssuedTokens;
}

/** The demo before a sign-in, with the address of somebody in its form. */
export async function openSignedOutDemo(): Promise<SignInDemo> {
  const demo = await openDemoPage();
  const email = `${crypto.randomUUID()}@example.com`;
  await demo.stack.createUser({ email, password: PASSWORD });
  const tokens = await recordIssuedTokens(demo.stack.database);
  await demo.page.goto(demo.baseUrl);
  await fillIn(demo.page, "E-mail", email);
  return { ...demo, email, tokens };
}

/** The selector of the newest message to an address in the demo's inbox, or of what is `inside`. */
export const messageTo = (email: string, inside = ""): string =>
  `::-p-xpath(//*[@id="inbox"]/li[contains(., "To ${email}")]${inside})`;

export async function enterCodeFromInbox(page: Page, email: string): Promise<void> {
  const message = await textOf(page, messageTo(email));
  await fillIn(page, "Code from the message", /\b\d{6}\b/.exec(message)?.[0] ?? "");
  await press(page, "Continue");
}

/** Follows the link of the newest message and presses the button of the page behind it. */
export async function followLinkFromInbox(page: Page, email: string): Promise<void> {
  await follow(page, messageTo(email, "//a"));
  await press(page, "Continue");
}

export async function assertSignedIn(
  page: Page,
  { email, tokens }: Pick<SignInDemo, "email" | "tokens">,
): Promise<void> {
  await untilSignedIn(page);
  assert.equal(await textOf(page, "#who"), email);
  assert.deepEqual(await tokens.readableIn(page), []);
}

export async function signInByPassword(
  page: Page,
  { email, password = PASSWORD }: { readonly email: string; readonly password?: string },
): Promise<void> {
  await fillIn(page, "E-mail", email);
  await fillIn(page, "Password", password);
  await press(page, "Sign in");
}
