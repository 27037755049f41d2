/**
 * A browser's key and the proofs that it signs, made with WebCrypto as the client makes them: without a
 * line of what the functions verify them with. A test may change any part of a proof before it is
 * signed.
 *
 * @module
 */

import { Buffer } from "node:buffer";

export type ProofRoute = "login" | "validate" | "refresh" | "logout";

/** A proof's contents. Members of `header` and `claims` replace the honest ones; `undefined` leaves one out. */
export interface ProofContent {
  readonly route: ProofRoute;
  /** Null: none, as at a login. */
  readonly challenge: string | null;
  readonly header?: Readonly<Record<string, unknown>>;
  readonly claims?: Readonly<Record<string, unknown>>;
}

export interface ProofKey {
  readonly publicJwk: Readonly<Record<"kty" | "crv" | "x" | "y", string>>;
  /** As the database keeps it: the first 16 bytes of the SHA-256 thumbprint (RFC 7638), in hex. */
  readonly thumbprint: string;
  prove(content: ProofContent): Promise<string>;
}

const ECDSA = { name: "ECDSA", hash: "SHA-256" };

export async function createProofKey(): Promise<ProofKey> {
  const pair = await crypto.subtle.generateKey(
    { name: "ECDSA", namedCurve: "P-256" },
    false,
    ["sign", "verify"],
  );
  const { kty = "", crv = "", x = "", y = "" } = await crypto.subtle.exportKey(
    "jwk",
    pair.publicKey,
  );
  const publicJwk = { kty, crv, x, y };
  const members = new TextEncoder().encode(JSON.stringify({ crv, kty, x, y }));
  const digest = await crypto.subtle.digest("SHA-256", members);
  return {
    publicJwk,
    thumbprint: Buffer.from(digest).subarray(0, 16).toString("hex"),
    async prove({ route, challenge, header, claims }) {
      const signed = [
        { typ: "dpop+jwt", alg: "ES256", jwk: publicJwk, ...header },
        {
          jti: crypto.randomUUID(),
          htm: "POST",
          htu: `https://app.example.com/functions/v1/unified-auth/${route}`,
          iat: Math.floor(Date.now() / 1000),
          ...(challenge === null ? {} : { nonce: challenge }),
          ...claims,
        },
      ].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
      const signature = await crypto.subtle.sign(
        ECDSA,
        pair.privateKey,
        new TextEncoder().encode(signed),
      );
      return `${signed}.${Buffer.from(signature).toString("base64url")}`;
    },
  };
}
