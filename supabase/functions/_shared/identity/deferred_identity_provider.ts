/**
 * An identity provider that is loaded when it is first asked, so that a cold start does not wait for what
 * only a login needs.
 *
 * @module
 */

import type { IdentityProvider } from "./identity_provider.ts";

/** A load that fails is tried again at the next call. */
export function deferIdentityProvider(load: () => Promise<IdentityProvider>): IdentityProvider {
  let loading: Promise<IdentityProvider> | undefined;
  const provider = () => {
    loading ??= load().catch((thrown: unknown) => {
      loading = undefined;
      throw thrown;
    });
    return loading;
  };
  return {
    verifyPassword: async (...args) => await (await provider()).verifyPassword(...args),
    verifyToken: async (...args) => await (await provider()).verifyToken(...args),
    dropSession: async (...args) => await (await provider()).dropSession(...args),
  };
}
