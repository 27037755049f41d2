/**
 * An authenticator of Chromium's own for passkeys, which takes the person for present and verified.
 *
 * @module
 */

import type { Page } from "puppeteer-core";

export async function addVirtualAuthenticator(page: Page): Promise<void> {
  const devtools = await page.createCDPSession();
  await devtools.send("WebAuthn.enable");
  await devtools.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
}
