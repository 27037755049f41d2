/**
 * The browser's own part of a passkey: the ceremony between the server's options and its verification.
 *
 * @module
 */

import type { Json } from "../transport/views.ts";

/** Runs a ceremony over the server's options; null where the person or the browser gave it up. */
export interface Passkeys {
  get(options: Json): Promise<Json | null>;
  /** `exists`: this authenticator has a passkey of the account already. */
  create(options: Json): Promise<Json | null | "exists">;
}

/** Null where this browser has no passkeys, or cannot read options as JSON (WebAuthn Level 3). */
export function browserPasskeys(): Passkeys | null {
  const { PublicKeyCredential, navigator } = globalThis;
  if (!PublicKeyCredential?.parseRequestOptionsFromJSON || !navigator.credentials) return null;
  return {
    get: (options) =>
      finish(navigator.credentials.get({
        publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(
          options as unknown as PublicKeyCredentialRequestOptionsJSON,
        ),
      })),
    async create(options) {
      try {
        return await finish(navigator.credentials.create({
          publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(
            options as unknown as PublicKeyCredentialCreationOptionsJSON,
          ),
        }));
      } catch (error) {
        // WebAuthn Level 3, 6.3.2: only after the person has consented.
        if (isInvalidState(error)) return "exists";
        throw error;
      }
    },
  };
}

async function finish(ceremony: Promise<Credential | null>): Promise<Json | null> {
  try {
    const credential = await ceremony;
    return credential && (credential as PublicKeyCredential).toJSON() as unknown as Json;
  } catch (error) {
    // Also a timeout, no passkey of this site, and a second ceremony at once.
    if (error instanceof DOMException && !isInvalidState(error)) return null;
    throw error;
  }
}

function isInvalidState(error: unknown): boolean {
  return error instanceof DOMException && error.name === "InvalidStateError";
}
