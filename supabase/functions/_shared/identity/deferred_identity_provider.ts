/**
 * An identity provider that is loaded when it is first asked, so that a cold start does not wait for what
 * only a login needs.
 *
 * @module
 */

import { loadOnce } from "../load_once.ts";
import type { IdentityProvider } from "./identity_provider.ts";

export function deferIdentityProvider(load: () => Promise<IdentityProvider>): IdentityProvider {
  const provider = loadOnce(load);
  return {
    verifyPassword: async (...args) => await (await provider()).verifyPassword(...args),
    verifyToken: async (...args) => await (await provider()).verifyToken(...args),
    dropSession: async (...args) => await (await provider()).dropSession(...args),
  };
}
