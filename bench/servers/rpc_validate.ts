/**
 * The floor of a validate through the data API: one `.rpc()` call of the same SQL function with a
 * supabase-js client that is kept, and its answer as it comes. No cookie is verified, nothing is judged.
 *
 * @module
 */

import { createClient } from "@supabase/supabase-js";
import { readCookie } from "./cookie.ts";

const client = createClient(
  Deno.env.get("SUPABASE_URL") ?? "",
  JSON.parse(Deno.env.get("SUPABASE_SECRET_KEYS") ?? "{}").default,
  { auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false } },
);
const ISSUED_TO = `\\x${"00".repeat(32)}`;

export default {
  async fetch(request: Request): Promise<Response> {
    const { data, error } = await client.rpc("validate_session", {
      p_session_id: readCookie(request, "session_id"),
      p_generation: 1,
      p_branch: 0,
      p_may_confirm: true,
      p_issued_to: ISSUED_TO,
      p_window_seconds: 60,
      p_activity_interval_seconds: 300,
      p_ip: null,
      p_user_agent: "bench",
      p_request_id: "bench",
    });
    return error ? Response.json(error, { status: 500 }) : Response.json(data);
  },
};
