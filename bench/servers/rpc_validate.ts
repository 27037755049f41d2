/**
 * The floor of a validate through the data API: one `.rpc()` call of the same SQL function with a
 * supabase-js client that is kept, and its answer as it comes. No cookie is verified, nothing is judged.
 *
 * @module
 */

import { createClient } from "@supabase/supabase-js";
import { readCookie } from "./cookie.ts";
import { CONTEXT, POLICY } from "./rotation_call.ts";

const client = createClient(
  Deno.env.get("SUPABASE_URL") ?? "",
  JSON.parse(Deno.env.get("SUPABASE_SECRET_KEYS") ?? "{}").default,
  { auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false } },
);

export default {
  async fetch(request: Request): Promise<Response> {
    const { data, error } = await client.rpc("validate_session", {
      p_session_id: readCookie(request, "floor").slice(0, 36),
      p_generation: 1,
      p_branch: 0,
      p_may_confirm: true,
      p_policy: POLICY,
      p_context: CONTEXT,
    });
    return error ? Response.json(error, { status: 500 }) : Response.json(data);
  },
};
