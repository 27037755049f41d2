/**
 * The project's version: of the HTTP API, the SQL functions and the client's package together.
 *
 * @module
 */

/** Written by `deno task release`, as the one in `client/package.json`. */
export const VERSION = "0.1.0";
