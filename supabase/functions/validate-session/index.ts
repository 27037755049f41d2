/**
 * The `validate-session` function: whether a session is active, in its grace window, or over. Only
 * wires: the environment in, a fetch handler out.
 *
 * @module
 */

import { compose } from "../_shared/composition.ts";
import { createValidateSessionApp } from "../_shared/http/validate_session_app.ts";

const app = createValidateSessionApp(await compose((name) => Deno.env.get(name)));

export default { fetch: (request: Request) => app.fetch(request) };
