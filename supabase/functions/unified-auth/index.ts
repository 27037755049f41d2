/**
 * The `unified-auth` function: login, validate, refresh, logout, the user's sessions, and the keys and
 * the description of all that. Only wires: the environment in, a fetch handler out.
 *
 * @module
 */

import { compose } from "../_shared/composition.ts";
import { createUnifiedAuthApp } from "../_shared/http/unified_auth_app.ts";

const composition = await compose((name) => Deno.env.get(name));
const app = createUnifiedAuthApp({
  ...composition,
  publicJwks: composition.signingKeys.publicJwks,
});

export default { fetch: (request: Request) => app.fetch(request) };
