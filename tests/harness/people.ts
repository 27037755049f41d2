/**
 * People in Supabase Auth's table, written there by a superuser: a hundred sign in in these tests, and
 * its admin API takes a tenth of a second for each.
 *
 * @module
 */

import type postgres from "postgres";

export interface PersonToInsert {
  /** @default {a new one} */
  readonly id?: string;
  /** @default {one of an address that nobody else has} */
  readonly email?: string;
  /** @default {none: nobody can sign in with one} */
  readonly password?: string;
}

/** As Supabase Auth writes somebody whose e-mail is confirmed. Answers the id. */
export async function insertPerson(
  sql: postgres.Sql,
  { id = crypto.randomUUID(), email = `${id}@example.com`, password }: PersonToInsert = {},
): Promise<string> {
  await insertPeople(sql, [{ id, email }], { password: password ?? null });
  return id;
}

/**
 * Many people of one password.
 *
 * @param options.bcryptCost Supabase Auth's is 10. @default {4, the lowest}
 */
export async function insertPeople(
  sql: postgres.Sql,
  people: readonly { readonly id: string; readonly email: string }[],
  { password, bcryptCost = 4 }: {
    readonly password: string | null;
    readonly bcryptCost?: number;
  },
): Promise<void> {
  await sql`
    insert into auth.users (
      instance_id, id, aud, role, email, encrypted_password, email_confirmed_at,
      confirmation_token, recovery_token, email_change_token_new, email_change,
      raw_app_meta_data, raw_user_meta_data, created_at, updated_at
    )
    select
      '00000000-0000-0000-0000-000000000000', id, 'authenticated', 'authenticated', email, hash,
      now() - interval '1 day', -- no sign-in of a test takes itself for the confirmation
      '', '', '', '', '{"provider": "email", "providers": ["email"]}', '{}', now(), now()
    from jsonb_to_recordset(${JSON.stringify(people)}::text::jsonb) as person (id uuid, email text),
      extensions.crypt(${password}::text, extensions.gen_salt('bf', ${bcryptCost})) as hash`;
}
