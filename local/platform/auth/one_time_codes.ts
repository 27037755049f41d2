/**
 * Codes that are sent to an address: six digits, and the hash of address and digits that links carry.
 * A user has one of each column; a new one replaces the old.
 *
 * @module
 */
import { createHash, randomInt } from "node:crypto";
import type postgres from "postgres";
import { AuthFailure } from "./errors.ts";
import type { AuthSettings } from "./settings.ts";
import { findUser, type UserRow } from "./users.ts";

/** `/otp` and `/recover` share one column, sign-up and text messages have the other. */
export type CodeColumn = "recovery_token" | "confirmation_token";

const SENT_AT = {
  recovery_token: "recovery_sent_at",
  confirmation_token: "confirmation_sent_at",
} as const;

export interface OneTimeCode {
  readonly token: string;
  readonly tokenHash: string;
}

/** Makes a code for the user and keeps its hash. @throws {AuthFailure} soon after the last one */
export async function issueCode(
  sql: postgres.Sql,
  { user, address, column, isPkce, settings, now }: {
    readonly user: UserRow;
    readonly address: string;
    readonly column: CodeColumn;
    readonly isPkce: boolean;
    readonly settings: Pick<AuthSettings, "mailIntervalSeconds">;
    readonly now: number;
  },
): Promise<OneTimeCode> {
  requirePause({ user, column, settings, now });
  const token = String(randomInt(1_000_000)).padStart(6, "0");
  const tokenHash = `${isPkce ? "pkce_" : ""}${hashCode(address, token)}`;
  await sql`
    update auth.users
    set ${sql(column)} = ${tokenHash}, ${sql(SENT_AT[column])} = now(), updated_at = now()
    where id = ${user.id}`;
  return { token, tokenHash };
}

function requirePause(
  { user, column, settings, now }: {
    readonly user: UserRow;
    readonly column: CodeColumn;
    readonly settings: Pick<AuthSettings, "mailIntervalSeconds">;
    readonly now: number;
  },
): void {
  const sentAt = user[SENT_AT[column]];
  const pause = settings.mailIntervalSeconds;
  // Of two requests at once the later one may have read the clock first.
  if (pause === 0 || !(sentAt instanceof Date) || sentAt.getTime() + pause * 1000 <= now) return;
  const seconds = Math.ceil((sentAt.getTime() + pause * 1000 - now) / 1000);
  throw new AuthFailure(
    429,
    column === "recovery_token" || user.email
      ? "over_email_send_rate_limit"
      : "over_sms_send_rate_limit",
    `For security purposes, you can only request this after ${seconds} seconds.`,
  );
}

/** The user whose unexpired code in one of the columns is this one, with that column. */
export async function findUserByCode(
  sql: postgres.Sql,
  { tokenHash, columns, settings, now }: {
    readonly tokenHash: string;
    readonly columns: readonly CodeColumn[];
    readonly settings: Pick<AuthSettings, "mailCodeLifetimeSeconds">;
    readonly now: number;
  },
): Promise<{ readonly user: UserRow; readonly column: CodeColumn } | undefined> {
  for (const column of columns) {
    const [row] = await sql<{ id: string; sent_at: Date | null }[]>`
      select users.id, ${sql(`users.${SENT_AT[column]}`)} as sent_at
      from auth.users as users
      where ${sql(`users.${column}`)} in (${tokenHash}, ${`pkce_${tokenHash}`})`;
    if (!row?.sent_at) continue;
    if (row.sent_at.getTime() + settings.mailCodeLifetimeSeconds * 1000 <= now) continue;
    const user = await findUser(sql, { id: row.id });
    if (user) return { user, column };
  }
  return undefined;
}

/** Forgets the code. The address or number that it was sent to is confirmed from now on. */
export async function useCode(
  sql: postgres.Sql,
  { user, column, isPhone }: {
    readonly user: UserRow;
    readonly column: CodeColumn;
    readonly isPhone: boolean;
  },
): Promise<void> {
  const confirmed = isPhone ? "phone_confirmed_at" : "email_confirmed_at";
  await sql`
    update auth.users
    set
      ${sql(column)} = '',
      ${sql(confirmed)} = coalesce(${sql(confirmed)}, now()),
      updated_at = now()
    where id = ${user.id}`;
}

export function hashCode(address: string, token: string): string {
  return createHash("sha224").update(`${address}${token}`).digest("hex");
}
