/**
 * Reads users as Supabase Auth shows them, with their identities and factors. Only this module knows
 * which columns there are.
 *
 * @module
 */
import type postgres from "postgres";

/** A row of `auth.users` with what belongs to it. */
export interface UserRow {
  readonly id: string;
  readonly aud: string;
  readonly role: string;
  readonly email: string | null;
  readonly phone: string | null;
  readonly encrypted_password: string | null;
  readonly email_confirmed_at: Date | null;
  readonly phone_confirmed_at: Date | null;
  readonly banned_until: Date | null;
  readonly raw_app_meta_data: Json | null;
  readonly raw_user_meta_data: Json | null;
  readonly is_anonymous: boolean;
  readonly identities: readonly Json[];
  readonly factors: readonly Json[];
  readonly [column: string]: unknown;
}

/** A JSON object. */
export type Json = Readonly<Record<string, unknown>>;

/** How a user is found. */
export type UserKey =
  | { readonly id: string }
  | { readonly email: string }
  | { readonly phone: string };

/**
 * The user, or `undefined`. Sees what Supabase Auth sees: a row without its `instance_id` or `aud` is
 * invisible to a login, and one whose tokens are null cannot be read at all.
 */
export async function findUser(sql: postgres.ISql, key: UserKey): Promise<UserRow | undefined> {
  const condition = "id" in key
    ? sql`users.id = ${key.id}`
    : "phone" in key
    ? sql`users.phone = ${key.phone} and users.aud = 'authenticated'`
    : sql`lower(users.email) = ${key.email.toLowerCase()}
        and users.aud = 'authenticated'
        and users.is_sso_user = false`;
  const [user] = await sql<UserRow[]>`
    select
      users.*,
      (
        select coalesce(json_agg(json_build_object(
          'identity_id', identity.id,
          'id', identity.provider_id,
          'user_id', identity.user_id,
          'identity_data', identity.identity_data,
          'provider', identity.provider,
          'last_sign_in_at', identity.last_sign_in_at,
          'created_at', identity.created_at,
          'updated_at', identity.updated_at,
          'email', identity.email
        ) order by identity.created_at), '[]')
        from auth.identities as identity
        where identity.user_id = users.id
      ) as identities,
      (
        select coalesce(json_agg(json_build_object(
          'id', factor.id,
          'created_at', factor.created_at,
          'updated_at', factor.updated_at,
          'status', factor.status,
          'friendly_name', factor.friendly_name,
          'factor_type', factor.factor_type,
          'phone', factor.phone
        ) order by factor.created_at), '[]')
        from auth.mfa_factors as factor
        where factor.user_id = users.id
      ) as factors
    from auth.users as users
    where users.instance_id = '00000000-0000-0000-0000-000000000000' and ${condition}`;
  if (user && TEXT_NEVER_NULL.some((column) => user[column] === null)) {
    throw new TypeError(`auth.users ${user.id}: a token column is null`);
  }
  return user;
}

const TEXT_NEVER_NULL = [
  "confirmation_token",
  "recovery_token",
  "email_change",
  "email_change_token_new",
];

/** The user as JSON: what is null is left out, what is secret is not there. */
export function renderUser(user: UserRow): Json {
  const shown = {
    id: user.id,
    aud: user.aud,
    role: user.role,
    email: user.email ?? "",
    email_confirmed_at: user.email_confirmed_at,
    invited_at: user.invited_at,
    phone: user.phone ?? "",
    phone_confirmed_at: user.phone_confirmed_at,
    confirmation_sent_at: user.confirmation_sent_at,
    confirmed_at: user.confirmed_at,
    recovery_sent_at: user.recovery_sent_at,
    new_email: user.email_change || null,
    email_change_sent_at: user.email_change_sent_at,
    new_phone: user.phone_change || null,
    phone_change_sent_at: user.phone_change_sent_at,
    reauthentication_sent_at: user.reauthentication_sent_at,
    last_sign_in_at: user.last_sign_in_at,
    app_metadata: user.raw_app_meta_data ?? {},
    user_metadata: user.raw_user_meta_data ?? {},
    factors: user.factors.length > 0 ? user.factors.map(withoutNulls) : null,
    identities: user.identities.map(withoutNulls),
    created_at: user.created_at,
    updated_at: user.updated_at,
    banned_until: user.banned_until,
    deleted_at: user.deleted_at,
    is_anonymous: user.is_anonymous,
  };
  return withoutNulls(shown);
}

function withoutNulls(object: Json): Json {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== null));
}

/** Whether the user may not sign in at `now`. */
export function isBanned({ banned_until }: UserRow, now: number): boolean {
  return banned_until !== null && banned_until.getTime() > now;
}
