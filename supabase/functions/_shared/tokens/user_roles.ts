/**
 * Which database roles a signed-in user may have. A user's role is a column of `auth.users`, and no
 * setting makes it one that stands above row level security or outside of signing in.
 *
 * @module
 */

const NEVER: ReadonlySet<string> = new Set([
  "service_role",
  "anon",
  "postgres",
  "authenticator",
  "dashboard_user",
]);

/** PostgREST switches to it: an identifier. */
const ROLE_NAME = /^[A-Za-z_][A-Za-z0-9_$-]{0,62}$/;

/** The same rule as `unified_auth.role_is_allowed`. */
export function isUserRole(role: string): boolean {
  return ROLE_NAME.test(role) && !NEVER.has(role) && !/^(?:supabase|pg)_/.test(role);
}
