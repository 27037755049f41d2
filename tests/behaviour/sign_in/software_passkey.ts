/**
 * A passkey in software: what a browser and its authenticator make of the options, as JSON.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { createHash, generateKeyPairSync, randomBytes, sign } from "node:crypto";

export interface SoftwarePasskey {
  register(options: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>>;
  authenticate(options: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>>;
}

export function createSoftwarePasskey(origin: string): SoftwarePasskey {
  const id = randomBytes(16).toString("base64url");
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });

  const clientData = (type: string, challenge: unknown) =>
    Buffer.from(JSON.stringify({ type, challenge, origin, crossOrigin: false }));
  const credential = (response: Readonly<Record<string, string>>) => ({
    id,
    rawId: id,
    type: "public-key",
    clientExtensionResults: {},
    response,
  });

  return {
    register: ({ challenge }) =>
      credential({
        clientDataJSON: clientData("webauthn.create", challenge).toString("base64url"),
        attestationObject: "",
        publicKey: publicKey.export({ format: "der", type: "spki" }).toString("base64url"),
      }),
    authenticate({ challenge, rpId }) {
      const data = clientData("webauthn.get", challenge);
      const authenticatorData = Buffer.concat([
        createHash("sha256").update(String(rpId)).digest(),
        Buffer.from([0x05, 0, 0, 0, 0]), // user present and verified; no count
      ]);
      const signed = Buffer.concat([authenticatorData, createHash("sha256").update(data).digest()]);
      return credential({
        clientDataJSON: data.toString("base64url"),
        authenticatorData: authenticatorData.toString("base64url"),
        signature: sign("sha256", signed, privateKey).toString("base64url"),
        userHandle: "",
      });
    },
  };
}
