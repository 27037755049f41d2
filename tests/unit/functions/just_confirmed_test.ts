import assert from "node:assert/strict";
import { UnsecuredJWT } from "jose";
import { createSupabaseSignInProvider } from "../../../supabase/functions/_shared/identity/supabase_auth_sign_in.ts";

const TIMEOUT_MS = 8_000;
const CONFIRMED_AT = "2026-11-29T12:00:00.25Z";
const USER = "00000000-0000-4000-8000-000000000001";
const CONTEXT = { ip: null, userAgent: null, requestId: "" };

/** When the address counts as just confirmed, once a code of this user is redeemed. */
async function redeem(user: Readonly<Record<string, string | null>>): Promise<string | null> {
  const provider = createSupabaseSignInProvider({
    supabaseUrl: "https://project.example",
    publicUrl: "https://project.example/functions/v1/unified-auth",
    apiKey: "",
    secretKey: "",
    forwardsAddress: false,
    timeoutMs: TIMEOUT_MS,
    fetch: () =>
      Promise.resolve(Response.json({
        access_token: new UnsecuredJWT({ session_id: USER }).setSubject(USER).encode(),
        user: { id: USER, ...user },
      })),
  });
  const answer = await provider.verify({ tokenHash: "hash", type: "email" }, CONTEXT);
  assert.equal(answer.kind, "ok");
  return answer.value.justConfirmedAt;
}

const signedIn = (afterMs: number) => ({
  email_confirmed_at: CONFIRMED_AT,
  last_sign_in_at: new Date(Date.parse(CONFIRMED_AT) + afterMs).toISOString(),
});

Deno.test("a confirmation counts as this sign-in's where one request that was answered can hold both", async () => {
  for (const afterMs of [-1, 0, 5_000, TIMEOUT_MS]) {
    assert.equal(await redeem(signedIn(afterMs)), CONFIRMED_AT, String(afterMs));
  }
  for (const afterMs of [TIMEOUT_MS + 1, 86_400_000, -TIMEOUT_MS - 1]) {
    assert.equal(await redeem(signedIn(afterMs)), null, String(afterMs));
  }
});

Deno.test("an account without an e-mail address is confirmed by its phone", async () => {
  const { email_confirmed_at: phone_confirmed_at, last_sign_in_at } = signedIn(10);
  assert.equal(await redeem({ phone_confirmed_at, last_sign_in_at }), CONFIRMED_AT);
  assert.equal(await redeem({ last_sign_in_at }), null);
});
