/**
 * An authenticator app that a person has enrolled at Supabase Auth itself, of which our functions know
 * nothing before they ask.
 *
 * @module
 */

import assert from "node:assert/strict";
import { TOTP_STEP_MS, totpCode } from "../../../local/platform/auth/totp.ts";
import type { Stack } from "../../../local/platform/stack.ts";

export interface Authenticator {
  readonly id: string;
  /** One that was not given before, as each is taken once; good for half a minute at least. */
  code(): string;
}

export async function addTotp(
  { baseUrl, keys }: Pick<Stack, "baseUrl" | "keys">,
  { email, password }: { readonly email: string; readonly password: string },
): Promise<Authenticator> {
  const send = async (path: string, body: unknown, token?: string) => {
    const response = await fetch(`${baseUrl}/auth/v1${path}`, {
      method: "POST",
      headers: {
        apikey: keys.publishable,
        "content-type": "application/json",
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify(body),
    });
    const text = await response.text();
    assert.ok(response.ok, `${path} was answered ${text}`);
    return text === "" ? {} : JSON.parse(text);
  };
  const { access_token } = await send("/token?grant_type=password", { email, password });
  const enroll = { factor_type: "totp", friendly_name: "App" };
  const { id, totp } = await send("/factors", enroll, access_token);
  const challenge = await send(`/factors/${id}/challenge`, {}, access_token);
  const code = totpCode(totp.secret, Date.now());
  await send(`/factors/${id}/verify`, { challenge_id: challenge.id, code }, access_token);
  await send("/logout?scope=local", {}, access_token);

  const given = new Set<number>();
  return {
    id,
    code() {
      const now = Math.floor(Date.now() / TOTP_STEP_MS);
      const step = [now, now + 1, now - 1].find((each) => !given.has(each)) ??
        assert.fail("every code of this minute was used");
      given.add(step);
      return totpCode(totp.secret, step * TOTP_STEP_MS);
    },
  };
}
