/**
 * The project's version: of the HTTP API, the SQL functions and the client's package together.
 *
 * @module
 */

/** Written by `deno task release`, as the one in `client/package.json`. */
export const VERSION = "0.1.0";

/** The last of `supabase/migrations`: these functions call what it and those before it made. */
export const LAST_MIGRATION = 20261129000002;
