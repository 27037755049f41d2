/**
 * The demo before a sign-in, for tests that sign in there in every way, and what a person does with its
 * inbox.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Locator, Page } from "playwright-core";
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
  await demo.page.getByLabel("E-mail").fill(email);
  return { ...demo, email, tokens };
}

export async function press(page: Page, name: string): Promise<void> {
  await page.getByRole("button", { name, exact: true }).click();
}

/** The newest message to an address, as the demo's inbox shows it. */
export function messageTo(page: Page, email: string): Locator {
  return page.locator("#inbox li", { hasText: `To ${email}` }).first();
}

export async function enterCodeFromInbox(page: Page, email: string): Promise<void> {
  const message = await messageTo(page, email).innerText();
  await page.getByLabel("Code from the message").fill(/\b\d{6}\b/.exec(message)?.[0] ?? "");
  await press(page, "Continue");
}

/** Follows the link of the newest message and presses the button of the page behind it. */
export async function followLinkFromInbox(page: Page, email: string): Promise<void> {
  await messageTo(page, email).getByRole("link").click();
  await press(page, "Continue");
}

export async function assertSignedIn(
  page: Page,
  { email, tokens }: Pick<SignInDemo, "email" | "tokens">,
): Promise<void> {
  await untilSignedIn(page);
  assert.equal(await page.locator("#who").innerText(), email);
  assert.deepEqual(await tokens.readableIn(page), []);
}

export async function signInByPassword(
  page: Page,
  { email, password = PASSWORD }: { readonly email: string; readonly password?: string },
): Promise<void> {
  const form = page.locator("#sign-in");
  await form.getByLabel("E-mail").fill(email);
  await form.getByLabel("Password").fill(password);
  await press(page, "Sign in");
}
