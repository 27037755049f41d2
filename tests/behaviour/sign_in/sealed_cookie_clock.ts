/**
 * Sealed cookies as the functions would have sealed them earlier, and when they stop to open. Sealed with
 * the stack's own key, so only their times are not real.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { TestStack } from "../../../local/testing/test_server.ts";
import { readConfig } from "../../../supabase/functions/_shared/config/config.ts";
import {
  createSealedCookies,
  type SealedCookieName,
} from "../../../supabase/functions/_shared/http/sealed_cookies.ts";
import { createSealer } from "../../../supabase/functions/_shared/tokens/sealing.ts";
import { deriveSessionKeys } from "../../../supabase/functions/_shared/tokens/session_keys.ts";
import type { Browser } from "../http/browser.ts";

const PREFIX = "__Host-sign_in_";

export interface SealedCookieClock {
  /** Whether the one sealed cookie of this browser will open in so many seconds. */
  opensIn(browser: Browser, seconds: number): Promise<boolean>;
  /** Replaces it by what would have been sealed `seconds` earlier. */
  backdate(
    browser: Browser,
    age: { readonly seconds: number; readonly lifetimeSeconds: number },
  ): Promise<void>;
}

export function openSealedCookieClock(
  { environment }: Pick<TestStack, "environment">,
): SealedCookieClock {
  const { sessionSecrets, keyContext } = readConfig((name) => environment[name]);
  const { signing } = deriveSessionKeys(sessionSecrets, keyContext);
  const cookiesAt = (nowMs: number) =>
    createSealedCookies(
      createSealer({
        keys: [signing],
        nowMs: () => nowMs,
        randomBytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
      }),
      { sameSite: "lax", secure: true, nameSuffix: "" },
    );
  const headerOf = ({ cookies }: Browser) => [...cookies].map((pair) => pair.join("=")).join("; ");
  return {
    async opensIn(browser, seconds) {
      const cookies = cookiesAt(Date.now() + seconds * 1000);
      return await cookies.open(headerOf(browser), nameOf(browser)) !== undefined;
    },
    async backdate(browser, { seconds, lifetimeSeconds }) {
      const name = nameOf(browser);
      const content = await cookiesAt(Date.now()).open(headerOf(browser), name);
      assert.ok(content !== undefined, `${name} does not open`);
      const earlier = cookiesAt(Date.now() - seconds * 1000);
      const setCookies = await earlier.set(null, name, content, { lifetimeSeconds });
      browser.keep({ status: 200, headers: new Headers(), setCookies, body: {} });
    },
  };
}

/** Parts of a long value have a dot in their names. */
function nameOf({ cookies }: Browser): SealedCookieName {
  const [name, ...others] = [...cookies.keys()]
    .filter((each) => each.startsWith(PREFIX) && !each.includes("."))
    .map((each) => each.slice(PREFIX.length));
  assert.ok(name !== undefined && others.length === 0, `sealed: ${name}, ${others}`);
  return name as SealedCookieName;
}
