/**
 * Sealed values: state that the browser carries from one step of a sign-in to the next without being able
 * to read or change it. AES-256-GCM (NIST SP 800-38D) under a separate key, with the name under which the
 * value was sealed as additional data: opened under another name it is nothing.
 *
 * @module
 */

import { Buffer } from "node:buffer";

const VERSION = 2;
const KEY_ID_BYTES = 4;
/** Random, so 2³² values may be sealed with one key; `SESSION_SECRET` is rotated long before. */
const IV_BYTES = 12;
const HEADER_BYTES = 1 + KEY_ID_BYTES + IV_BYTES;

/** One key that seals, named as the set of session keys that it belongs to. */
export interface SealingKey {
  /** 8 hexadecimal characters. */
  readonly id: string;
  /** 32 bytes. */
  readonly sealing: Uint8Array;
}

export interface SealerOptions {
  /** The first one seals. */
  readonly keys: readonly [SealingKey, ...SealingKey[]];
  readonly nowMs: () => number;
  readonly randomBytes: (length: number) => Uint8Array;
}

export interface Sealer {
  /** Base64url. `name` says what the value is for, down to the single flow. */
  seal(
    content: unknown,
    options: { readonly name: string; readonly lifetimeSeconds: number },
  ): Promise<string>;
  /** The content; undefined where the text was not sealed under this name, was changed, or has expired. */
  open(text: string, name: string): Promise<unknown>;
}

export function createSealer({ keys, nowMs, randomBytes }: SealerOptions): Sealer {
  const imported = new Map<string, Promise<CryptoKey>>();
  const importKey = ({ id, sealing }: SealingKey): Promise<CryptoKey> => {
    const known = imported.get(id) ??
      crypto.subtle.importKey("raw", new Uint8Array(sealing), "AES-GCM", false, [
        "encrypt",
        "decrypt",
      ]);
    imported.set(id, known);
    return known;
  };

  return {
    async seal(content, { name, lifetimeSeconds }) {
      const [key] = keys;
      const iv = new Uint8Array(randomBytes(IV_BYTES));
      const header = Buffer.concat([Buffer.from([VERSION]), Buffer.from(key.id, "hex"), iv]);
      const text = JSON.stringify([nowMs() + lifetimeSeconds * 1000, content]);
      const sealed = await crypto.subtle.encrypt(
        { name: "AES-GCM", iv, additionalData: bindTo(name, header) },
        await importKey(key),
        new TextEncoder().encode(text),
      );
      return Buffer.concat([header, new Uint8Array(sealed)]).toString("base64url");
    },

    async open(text, name) {
      const bytes = new Uint8Array(Buffer.from(text, "base64url"));
      const header = bytes.subarray(0, HEADER_BYTES);
      const id = Buffer.from(header.subarray(1, 1 + KEY_ID_BYTES)).toString("hex");
      const key = keys.find((candidate) => candidate.id === id);
      if (header[0] !== VERSION || key === undefined) return undefined;
      try {
        const opened = await crypto.subtle.decrypt(
          {
            name: "AES-GCM",
            iv: header.slice(1 + KEY_ID_BYTES),
            additionalData: bindTo(name, header),
          },
          await importKey(key),
          bytes.slice(HEADER_BYTES),
        );
        const [expiresAtMs, content] = JSON.parse(new TextDecoder().decode(opened));
        return expiresAtMs > nowMs() ? content : undefined;
      } catch (error: unknown) {
        if (error instanceof DOMException) return undefined; // the tag is wrong
        throw error;
      }
    },
  };
}

function bindTo(name: string, header: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.concat([header, Buffer.from(`sign-in\n${name}`)]));
}
