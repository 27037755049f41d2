/**
 * The floor of a refresh through the data API.
 *
 * @module
 */

import { createClient } from "@supabase/supabase-js";
import { serveRotations } from "./rotate_and_sign.ts";
import { rotationArguments } from "./rotation_call.ts";

const client = createClient(
  Deno.env.get("SUPABASE_URL") ?? "",
  JSON.parse(Deno.env.get("SUPABASE_SECRET_KEYS") ?? "{}").default,
  { auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false } },
);

export default serveRotations(async (rotation) => {
  const { data, error } = await client.rpc("rotate_session", rotationArguments(rotation));
  return error ? error.message : data.outcome;
});
