/**
 * Old access tokens for tests, from the one place that knows how to backdate one.
 *
 * @module
 */

export { backdateAccessToken } from "../../../local/testing/backdated_token.ts";
