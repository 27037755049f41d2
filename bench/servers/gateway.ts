/**
 * The stand-ins for PostgREST and Supabase Auth, in a separate process, as they are on the platform.
 *
 * @module
 */

import { startStack } from "../../local/platform/stack.ts";

const { SUPABASE_DB_URL = "", SECRETS = "{}", PORT } = Deno.env.toObject();

await startStack({
  projectDirectory: ".",
  databaseUrl: (role) => SUPABASE_DB_URL.replace("://postgres:", `://${role}:`),
  secrets: JSON.parse(SECRETS),
  port: Number(PORT),
  functions: [],
});
