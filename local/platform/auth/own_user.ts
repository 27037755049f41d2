/**
 * `PUT /user`: users change their own password. Asks for a second factor where there is one, and ends
 * the user's other sessions in the transaction of the change.
 *
 * @module
 */
import type postgres from "postgres";
import { requireStrong } from "./admin_users.ts";
import { AuthFailure } from "./errors.ts";
import { MAX_PASSWORD_BYTES, passwordFits } from "./password_grant.ts";
import { endSessions } from "./sessions.ts";
import type { AuthSettings } from "./settings.ts";
import { findUser, type Json, renderUser, type UserRow } from "./users.ts";

/** @throws {AuthFailure} */
export async function updateOwnUser(
  sql: postgres.Sql,
  { user, sessionId, body, settings }: {
    readonly user: UserRow;
    readonly sessionId: string;
    readonly body: Json;
    readonly settings: Pick<AuthSettings, "bcryptCost">;
  },
): Promise<Response> {
  const { password, data } = body;
  if (typeof password === "string") await requireAcceptable(sql, { user, sessionId, password });
  await sql.begin(async (tx) => {
    if (typeof data === "object" && data !== null) {
      await tx`
        update auth.users
        set raw_user_meta_data = coalesce(raw_user_meta_data, '{}') || ${
        tx.json(JSON.parse(JSON.stringify(data)))
      }
        where id = ${user.id}`;
    }
    if (typeof password !== "string") return;
    await tx`
      update auth.users
      set
        encrypted_password = extensions.crypt(
          ${password}, extensions.gen_salt('bf', ${settings.bcryptCost})),
        confirmation_token = '', recovery_token = '', updated_at = now()
      where id = ${user.id}`;
    await endSessions(tx, { userId: user.id, sessionId, scope: "others" });
  });
  return Response.json(renderUser(await findUser(sql, { id: user.id }) ?? user));
}

async function requireAcceptable(
  sql: postgres.Sql,
  { user, sessionId, password }: {
    readonly user: UserRow;
    readonly sessionId: string;
    readonly password: string;
  },
): Promise<void> {
  const [session] = await sql<{ aal: string }[]>`
    select sessions.aal from auth.sessions as sessions where sessions.id = ${sessionId}`;
  const hasVerified = user.factors.some(({ status }) => status === "verified");
  if (hasVerified && session?.aal === "aal1") {
    throw new AuthFailure(401, "insufficient_aal", "AAL2 session is required to update password");
  }
  requireStrong(password);
  if (new TextEncoder().encode(password).length > MAX_PASSWORD_BYTES) {
    throw new AuthFailure(400, "validation_failed", "Password cannot be longer than 72 characters");
  }
  if (
    user.encrypted_password &&
    await passwordFits(sql, { hash: user.encrypted_password, password })
  ) {
    throw new AuthFailure(
      422,
      "same_password",
      "New password should be different from the old password.",
    );
  }
}
