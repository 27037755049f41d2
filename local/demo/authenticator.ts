/**
 * The authenticator app of everybody on this machine: it knows the secret of each TOTP factor, as an app
 * does that has scanned its QR code. The codes are the real ones, by the machine's own clock.
 *
 * @module
 */

import type postgres from "postgres";
import { TOTP_STEP_MS, totpCode } from "../platform/auth/totp.ts";
import { answerPrivately } from "./private_answer.ts";

interface FactorRow {
  readonly email: string | null;
  readonly friendly_name: string | null;
  readonly secret: string;
}

/** Answers `GET /demo/authenticator`. */
export async function answerAuthenticator(sql: postgres.Sql): Promise<Response> {
  const factors = await sql<FactorRow[]>`
    select users.email, factors.friendly_name, factors.secret
    from auth.mfa_factors as factors
    join auth.users as users on users.id = factors.user_id
    where factors.factor_type = 'totp'
    order by factors.created_at desc`;
  const now = Date.now();
  return answerPrivately({
    codes: factors.map(({ email, friendly_name, secret }) => ({
      account: email,
      name: friendly_name,
      code: totpCode(secret, now),
    })),
    expiresInMs: TOTP_STEP_MS - now % TOTP_STEP_MS,
  });
}
