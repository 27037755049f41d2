/**
 * `/admin/users`: makes, changes and deletes users as `auth.admin` of supabase-js asks for it.
 *
 * @module
 */
import type postgres from "postgres";
import { parseBanDuration } from "./ban_duration.ts";
import { AuthFailure } from "./errors.ts";
import { MAX_PASSWORD_BYTES } from "./password_grant.ts";
import { endSessions } from "./sessions.ts";
import type { AuthSettings } from "./settings.ts";
import { findUser, type Json, renderUser, type UserRow } from "./users.ts";

/** A change of a user, as a request asks for it. */
interface UserChange {
  readonly body: Json;
  readonly settings: Pick<AuthSettings, "bcryptCost">;
}

/** @throws {AuthFailure} */
export async function createUser(
  sql: postgres.Sql,
  { body, settings: { bcryptCost } }: UserChange,
): Promise<Response> {
  const email = textOf(body, "email")?.toLowerCase();
  const phone = textOf(body, "phone")?.replace(/^\+/, "");
  if (!email && !phone) {
    throw new AuthFailure(
      400,
      "validation_failed",
      "Cannot create a user without either an email or phone",
    );
  }
  // Of a user whom an administrator makes, no policy asks how strong the password is.
  const password = textOf(body, "password");
  if (email !== undefined && !EMAIL.test(email)) {
    throw new AuthFailure(
      400,
      "validation_failed",
      "Unable to validate email address: invalid format",
    );
  }
  if (password !== undefined && isTooLong(password)) {
    throw new AuthFailure(500, "unexpected_failure", "Error creating user");
  }
  const banSeconds = parseBanDuration(body.ban_duration);
  const providers = [...(email ? ["email"] : []), ...(phone ? ["phone"] : [])];
  const id = textOf(body, "id") ?? crypto.randomUUID();
  if (!UUID.test(id)) {
    throw new AuthFailure(400, "validation_failed", "ID must conform to the uuid v4 format");
  }

  const verified = body.email_confirm === true ? { email_verified: true } : {};
  await sql.begin(async (tx) => {
    await tx`
      insert into auth.users (
        instance_id, id, aud, role, email, phone, encrypted_password,
        email_confirmed_at, phone_confirmed_at, banned_until,
        confirmation_token, recovery_token, email_change_token_new, email_change,
        raw_app_meta_data, raw_user_meta_data, created_at, updated_at
      )
      values (
        '00000000-0000-0000-0000-000000000000', ${id}, 'authenticated',
        ${textOf(body, "role") ?? "authenticated"}, ${email ?? null}, ${phone ?? null},
        extensions.crypt(
          ${password ?? crypto.randomUUID()}, extensions.gen_salt('bf', ${bcryptCost})),
        case when ${body.email_confirm === true} then now() end,
        case when ${body.phone_confirm === true} then now() end,
        ${banEnd(tx, banSeconds)},
        '', '', '', '',
        ${
      tx.json(toJson({ provider: providers[0], providers, ...objectOf(body, "app_metadata") }))
    },
        ${tx.json(toJson({ ...objectOf(body, "user_metadata"), ...verified }))},
        now(), now()
      )`;
    for (const provider of providers) await addIdentity(tx, { id, provider });
  }).catch((thrown: unknown) => {
    throw duplicateOf(thrown);
  });
  const user = await findExisting(sql, id);
  // Supabase Auth answers what it has written, without the column that the database computes from it.
  return Response.json(renderUser({ ...user, confirmed_at: null }));
}

/** @throws {AuthFailure} */
export async function updateUser(
  sql: postgres.Sql,
  { user, body, settings: { bcryptCost } }: UserChange & { readonly user: UserRow },
): Promise<Response> {
  const { id } = user;
  const password = textOf(body, "password");
  if (password !== undefined) requireStrong(password);
  const banSeconds = parseBanDuration(body.ban_duration);
  const email = textOf(body, "email")?.toLowerCase();
  const phone = textOf(body, "phone")?.replace(/^\+/, "");
  const role = textOf(body, "role");

  await sql.begin(async (tx) => {
    const changes = [
      ...(role ? [tx`role = ${role}`] : []),
      ...(email ? [tx`email = ${email}`] : []),
      ...(phone ? [tx`phone = ${phone}`] : []),
      ...(body.email_confirm === true
        ? [
          tx`email_confirmed_at = now()`,
          ...metadataChange(tx, "raw_user_meta_data", { email_verified: true }),
        ]
        : []),
      ...(body.phone_confirm === true
        ? [tx`phone_confirmed_at = coalesce(phone_confirmed_at, now())`]
        : []),
      ...(banSeconds === undefined ? [] : [tx`banned_until = ${banEnd(tx, banSeconds)}`]),
      ...(password === undefined ? [] : [
        tx`encrypted_password =
          extensions.crypt(${password}, extensions.gen_salt('bf', ${bcryptCost}))`,
      ]),
      ...metadataChange(tx, "raw_app_meta_data", body.app_metadata),
      ...metadataChange(tx, "raw_user_meta_data", body.user_metadata),
    ];
    for (const change of changes) {
      await tx`update auth.users set ${change}, updated_at = now() where id = ${id}`;
    }
    if (email) {
      await tx`
        update auth.identities
        set identity_data = identity_data || jsonb_build_object('email', ${email}::text)
        where user_id = ${id} and provider = 'email'`;
    }
    if (password !== undefined) {
      await endSessions(tx, { userId: id, sessionId: undefined, scope: "global" });
    }
  }).catch((thrown: unknown) => {
    // Supabase Auth looks for a duplicate only when it makes a user.
    throw duplicateOf(thrown) === thrown
      ? thrown
      : new AuthFailure(500, "unexpected_failure", "Error updating user");
  });
  // With the identities as they were read before.
  return Response.json(renderUser({ ...await findExisting(sql, id), identities: user.identities }));
}

/** Softly: the row stays without anything personal, and nobody can sign in as it. */
export async function deleteUser(sql: postgres.Sql, user: UserRow, body: Json): Promise<Response> {
  const { id } = user;
  if (body.should_soft_delete !== true) {
    await sql`delete from auth.users where id = ${id}`;
    return Response.json({});
  }
  await sql.begin(async (tx) => {
    await tx`
      update auth.users
      set
        email = encode(sha256((id::text || coalesce(email, ''))::bytea), 'hex'),
        phone = left(encode(sha256((id::text || coalesce(phone, ''))::bytea), 'hex'), 15),
        email_change = encode(sha256((id::text || email_change)::bytea), 'hex'),
        phone_change =
          left(encode(sha256((id::text || coalesce(phone_change, ''))::bytea), 'hex'), 15),
        encrypted_password = null,
        raw_app_meta_data = '{}',
        raw_user_meta_data = '{}',
        deleted_at = now()
      where id = ${id} and deleted_at is null`;
    await tx`
      update auth.identities
      set
        provider_id = encode(sha256((id::text || provider_id)::bytea), 'hex'),
        identity_data = '{}'
      where user_id = ${id}`;
    await tx`delete from auth.mfa_factors where user_id = ${id}`;
    await endSessions(tx, { userId: id, sessionId: undefined, scope: "global" });
  });
  return Response.json({});
}

async function findExisting(sql: postgres.Sql, id: string): Promise<UserRow> {
  const user = await findUser(sql, { id });
  if (!user) throw new AuthFailure(404, "user_not_found", "User not found");
  return user;
}

async function addIdentity(
  tx: postgres.TransactionSql,
  { id, provider }: { id: string; provider: string },
): Promise<void> {
  await tx`
    insert into auth.identities
      (user_id, provider, provider_id, identity_data, last_sign_in_at, created_at, updated_at)
    select
      id, ${provider}, id::text,
      jsonb_strip_nulls(jsonb_build_object(
        'sub', id::text, 'email', email, 'phone', phone,
        'email_verified', false, 'phone_verified', false
      )),
      now(), now(), now()
    from auth.users where id = ${id}`;
}

/** Keys that are given replace, keys that are null go. */
function metadataChange(
  tx: postgres.TransactionSql,
  column: "raw_app_meta_data" | "raw_user_meta_data",
  given: unknown,
): postgres.PendingQuery<postgres.Row[]>[] {
  if (typeof given !== "object" || given === null) return [];
  const removed = Object.entries(given).filter(([, value]) => value === null).map(([key]) => key);
  const updates = tx.json(toJson(given));
  return [tx`
    ${tx(column)} = (coalesce(${tx(column)}, '{}') || ${updates})
      - array(select jsonb_array_elements_text(${tx.json(removed)}))`];
}

function banEnd(
  tx: postgres.TransactionSql,
  seconds: number | undefined,
): postgres.PendingQuery<postgres.Row[]> {
  if (!seconds) return tx`null`;
  return tx`now() + make_interval(secs => ${seconds})`;
}

const EMAIL = /^[^\s@]+@[^\s@]+$/;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

function isTooLong(password: string): boolean {
  return new TextEncoder().encode(password).length > MAX_PASSWORD_BYTES;
}

const MIN_PASSWORD_LENGTH = 6;

/** @throws {AuthFailure} for a password that the project's policy refuses */
export function requireStrong(password: string): void {
  if (password.length >= MIN_PASSWORD_LENGTH) return;
  throw new AuthFailure(
    422,
    "weak_password",
    `Password should be at least ${MIN_PASSWORD_LENGTH} characters.`,
    { weak_password: { reasons: ["length"] } },
  );
}

function duplicateOf(thrown: unknown): unknown {
  if (!(thrown instanceof Error) || !("constraint_name" in thrown)) return thrown;
  switch (thrown.constraint_name) {
    case "users_email_partial_key":
      return new AuthFailure(
        422,
        "email_exists",
        "A user with this email address has already been registered",
      );
    case "users_phone_key":
      return new AuthFailure(
        422,
        "phone_exists",
        "A user with this phone number has already been registered",
      );
    default:
      return thrown;
  }
}

function textOf(body: Json, name: string): string | undefined {
  const value = body[name];
  return typeof value === "string" && value !== "" ? value : undefined;
}

function objectOf(body: Json, name: string): object {
  const value = body[name];
  return typeof value === "object" && value !== null ? value : {};
}

function toJson(value: object): postgres.JSONValue {
  return JSON.parse(JSON.stringify(value));
}
