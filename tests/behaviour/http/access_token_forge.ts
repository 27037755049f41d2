/**
 * Old access tokens for tests, by the module that backdates them.
 *
 * @module
 */

export { backdateAccessToken } from "../../../local/testing/backdated_token.ts";
