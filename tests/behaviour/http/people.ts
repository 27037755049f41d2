/**
 * Changes of people in Supabase Auth that no route of ours makes: signing up, bans, second factors, its
 * sessions. Done in its tables or by its API.
 *
 * @module
 */

import type { HttpFixture, Person } from "./fixture.ts";

/** Gives the person a verified second factor. */
export async function addVerifiedFactor({ sql }: HttpFixture, { id }: Person): Promise<void> {
  await sql`
    insert into auth.mfa_factors
      (id, user_id, friendly_name, factor_type, status, secret, created_at, updated_at)
    values (gen_random_uuid(), ${id}, '', 'totp', 'verified', 'NBSWY3DP', now(), now())`;
}

/** How many sessions Supabase Auth itself keeps for the person. */
export async function countIdentitySessions({ sql }: HttpFixture, { id }: Person): Promise<number> {
  const [row] =
    await sql`select count(*)::int as sessions from auth.sessions where user_id = ${id}`;
  return row?.["sessions"];
}

/** Signs in to Supabase Auth itself, as a magic link or OAuth would; answers its access token. */
export async function signInToSupabaseAuth(
  { stack }: Pick<HttpFixture, "stack">,
  { email, password }: Pick<Person, "email" | "password">,
): Promise<string> {
  const response = await fetch(`${stack.baseUrl}/auth/v1/token?grant_type=password`, {
    method: "POST",
    headers: { apikey: stack.keys.publishable, "content-type": "application/json" },
    body: JSON.stringify({ email, password }),
  });
  const { access_token } = await response.json();
  return access_token;
}

/** Changes a user as an administrator does. */
export async function changeUser(
  { stack }: Pick<HttpFixture, "stack">,
  { id }: Pick<Person, "id">,
  change: Readonly<Record<string, unknown>> | "delete",
): Promise<void> {
  const response = await fetch(`${stack.baseUrl}/auth/v1/admin/users/${id}`, {
    method: change === "delete" ? "DELETE" : "PUT",
    headers: {
      apikey: stack.keys.secret,
      authorization: `Bearer ${stack.keys.secret}`,
      "content-type": "application/json",
    },
    body: JSON.stringify(change === "delete" ? {} : change),
  });
  const text = await response.text();
  if (!response.ok) throw new TypeError(`Cannot change a user: ${text}`);
}
