/**
 * The floor of a refresh: one call of the rotation function and one signature with jose over the claims
 * that an access token has. The cookie holds what it takes to ask again, without a tag or a secret; nothing is
 * logged.
 *
 * @module
 */

import { randomBytes, randomUUID } from "node:crypto";
import { importJWK, SignJWT } from "jose";
import { readCookie } from "./cookie.ts";
import type { Rotation } from "./rotation_call.ts";

// The key is for verifying too, which a private key alone cannot do: so it is not imported with that.
const { key_ops: _, ...jwk } = JSON.parse(Deno.env.get("SESSION_SIGNING_KEYS") ?? "{}");
const key = await importJWK(jwk, jwk.alg);

/** Serves refreshes. `rotate` answers the outcome. */
export function serveRotations(
  rotate: (rotation: Rotation) => Promise<string>,
): { fetch(request: Request): Promise<Response> } {
  return {
    async fetch(request) {
      const [sessionId = "", generation = "", hash = "", lineage = ""] = readCookie(
        request,
        "floor",
      )
        .split(".");
      const rotation = {
        sessionId,
        generation: Number(generation),
        hash,
        lineage,
        successorHash: randomBytes(32).toString("hex"),
        salt: randomBytes(16).toString("hex"),
      };
      const outcome = await rotate(rotation);
      if (outcome !== "rotated") return Response.json({ outcome }, { status: 500 });
      const token = await sign(sessionId, rotation.generation + 1);
      const successor = [sessionId, rotation.generation + 1, rotation.successorHash, lineage].join(
        ".",
      );
      const headers = new Headers();
      headers.append("set-cookie", `access=${token}; HttpOnly; Secure; Path=/`);
      headers.append("set-cookie", `floor=${successor}; HttpOnly; Secure; Path=/`);
      return Response.json({ valid: true, refreshed: true, session_id: sessionId }, { headers });
    },
  };
}

async function sign(sessionId: string, generation: number): Promise<string> {
  return await new SignJWT({
    role: "authenticated",
    session_id: sessionId,
    gen: generation,
    branch: 0,
    aal: "aal1",
    amr: [{ method: "password", timestamp: 0 }],
    email: "person@example.com",
    app_metadata: { provider: "email", providers: ["email"] },
  })
    .setProtectedHeader({ alg: jwk.alg, kid: jwk.kid, typ: "at+jwt" })
    .setIssuer("http://127.0.0.1/functions/v1/unified-auth")
    .setAudience("authenticated")
    .setSubject(randomUUID())
    .setIssuedAt()
    .setExpirationTime("1h")
    .sign(key);
}
