import assert from "node:assert/strict";
import type { KeyThumbprint, SessionId } from "../../../supabase/functions/_shared/brands.ts";
import { createChallenge } from "../../../supabase/functions/_shared/tokens/proof_challenge.ts";
import { firstRefreshToken } from "../../../supabase/functions/_shared/tokens/refresh_token.ts";
import { deriveSessionKeys } from "../../../supabase/functions/_shared/tokens/session_keys.ts";
import { REFRESH_COOKIE } from "../http/browser.ts";
import { createProofKey } from "../http/proof_key.ts";
import { keys, PROJECT_URL, UNBOUND_START } from "../../unit/functions/arbitraries.ts";
import { createAppInProcess, storeThat } from "./app_in_process.ts";

const key = await createProofKey();
const thumbprint = Uint8Array.from(
  key.thumbprint.match(/../g) ?? [],
  (byte) => parseInt(byte, 16),
) as Uint8Array as KeyThumbprint;

/** A genuine token, and the id of its session. */
function bound(sessionKey: KeyThumbprint | null = thumbprint) {
  const sessionId = crypto.randomUUID() as SessionId;
  const { raw } = firstRefreshToken({
    ...UNBOUND_START,
    key: sessionKey,
    sessionId,
    secret: crypto.getRandomValues(new Uint8Array(32)),
  }, keys.signing);
  return { sessionId, raw };
}

function challengeOf(sessionId: SessionId, signer = keys.signing): string {
  return createChallenge(
    { sessionId, generation: 1, branch: 0, challengedAt: new Date() },
    signer,
  );
}

/** Sends one request to an app that counts what it costs. */
async function send(
  route: "refresh" | "validate",
  { cookies, proof }: { readonly cookies: readonly string[]; readonly proof: string | null },
) {
  const asked: string[] = [];
  const app = createAppInProcess(storeThat((method) => {
    asked.push(method);
    return Promise.reject(new TypeError("The test ends here"));
  }));
  const { verify } = crypto.subtle;
  let signatures = 0;
  crypto.subtle.verify = (...given: Parameters<typeof verify>) => {
    signatures += 1;
    return verify.apply(crypto.subtle, given);
  };
  try {
    const response = await app.request(`https://abc.supabase.co/unified-auth/${route}`, {
      method: "POST",
      headers: {
        cookie: cookies.map((raw) => `${REFRESH_COOKIE}=${raw}`).join("; "),
        ...(proof === null ? {} : { dpop: proof }),
      },
    });
    const { code } = await response.json();
    return { status: response.status, code, asked, signatures };
  } finally {
    crypto.subtle.verify = verify;
  }
}

Deno.test("a thousand genuine bound tokens without a proof make no database call", async () => {
  for (let sent = 0; sent < 1_000; sent++) {
    const route = sent % 2 === 0 ? "refresh" : "validate";
    const { status, code, asked, signatures } = await send(route, {
      cookies: [bound().raw],
      proof: null,
    });
    assert.deepEqual([status, code, asked, signatures], [401, "proof_required", [], 0]);
  }
});

Deno.test("a challenge that is forged, missing or of another session is refused before the database", async () => {
  const otherKey = deriveSessionKeys(["another secret of sufficient length"], PROJECT_URL).signing;
  const { sessionId, raw } = bound();
  const forged = [challengeOf(sessionId, otherKey), "x".repeat(56), null];
  for (const challenge of forged) {
    for (const cookie of [raw, bound(null).raw]) {
      const proof = await key.prove({ route: "refresh", challenge });
      const { code, asked, signatures } = await send("refresh", { cookies: [cookie], proof });
      assert.deepEqual([code, asked, signatures], ["proof_required", [], 0], "nor is it verified");
    }
  }
  const proof = await key.prove({ route: "refresh", challenge: challengeOf(sessionId) });
  const { code, asked } = await send("refresh", { cookies: [bound().raw], proof });
  assert.deepEqual([code, asked], ["proof_required", []]);
});

Deno.test("a proof that is not signed by the key that it names is refused before the database", async () => {
  const { sessionId, raw } = bound();
  const other = await createProofKey();
  const proof = await other.prove({
    route: "refresh",
    challenge: challengeOf(sessionId),
    header: { jwk: key.publicJwk },
  });
  const { code, asked, signatures } = await send("refresh", { cookies: [raw], proof });
  assert.deepEqual([code, asked, signatures], ["proof_required", [], 1]);
});

Deno.test("a request costs one signature check, however many cookies it has", async () => {
  const sessions = Array.from({ length: 4 }, () => bound());
  const [{ sessionId } = bound()] = sessions;
  const proof = await key.prove({ route: "refresh", challenge: challengeOf(sessionId) });
  const cookies = sessions.map(({ raw }) => raw);
  const { asked, signatures } = await send("refresh", { cookies, proof });
  assert.deepEqual([asked, signatures], [["rotateSession"], 1]);
});

Deno.test("nobody can have a signature checked without a genuine token", async () => {
  const { sessionId } = bound();
  const proof = await key.prove({ route: "refresh", challenge: challengeOf(sessionId) });
  const otherKey = deriveSessionKeys(["another secret of sufficient length"], PROJECT_URL).signing;
  const { raw } = firstRefreshToken({
    ...UNBOUND_START,
    sessionId,
    secret: new Uint8Array(32),
  }, otherKey);
  for (const cookies of [[], ["junk"], [raw]]) {
    const { asked, signatures } = await send("refresh", { cookies, proof });
    assert.deepEqual([asked, signatures], [[], 0]);
  }
});
