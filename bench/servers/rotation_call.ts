/**
 * What every direct caller of the rotation function gives it beyond the token: the numbers of the policy
 * and who asks, in one place for the floors and for pgbench.
 *
 * @module
 */

/** 32 bytes in hex: the hash of a user agent. */
const ISSUED_TO = "00".repeat(32);

/** By the names of the function's parameters, as JSON has them. */
export const COMMON_ARGUMENTS = {
  p_branch: 0,
  p_max_branches: 4,
  p_successor_key_id: "bench",
  p_issued_to: `\\x${ISSUED_TO}`,
  p_window_seconds: 0, // without a window every call rotates, however soon a visitor comes back
  p_access_ttl_seconds: 3600,
  p_refresh_ttl_seconds: 2592000,
  p_refresh_burst: 300,
  p_refresh_interval_seconds: 1,
  p_event: "refresh",
  p_ip: null,
  p_user_agent: "bench",
  p_request_id: "bench",
} as const;

/** The same as SQL, with these expressions for the arguments that differ from call to call. */
export function rotationSql(own: Readonly<Record<string, string>>): string {
  const common = Object.entries(COMMON_ARGUMENTS).map(([name, value]) => [name, literal(value)]);
  const all = Object.entries({ ...Object.fromEntries(common), ...own });
  return `public.rotate_session(${all.map(([name, value]) => `${name} => ${value}`).join(", ")})`;
}

/** In quotes, numbers too: the database takes the type from the parameter. */
function literal(value: string | number | null): string {
  return value === null ? "null" : `'${value}'`;
}
