/**
 * The floor of a refresh through the data API.
 *
 * @module
 */

import { createClient } from "@supabase/supabase-js";
import { ISSUED_TO, serveRotations, WINDOW_SECONDS } from "./rotate_and_sign.ts";

const client = createClient(
  Deno.env.get("SUPABASE_URL") ?? "",
  JSON.parse(Deno.env.get("SUPABASE_SECRET_KEYS") ?? "{}").default,
  { auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false } },
);

export default serveRotations(async ({ sessionId, generation, hash, successorHash, salt }) => {
  const { data, error } = await client.rpc("rotate_session", {
    p_session_id: sessionId,
    p_generation: generation,
    p_branch: 0,
    p_hash: `\\x${hash}`,
    p_successor_hashes: [`\\x${successorHash}`],
    p_successor_salt: `\\x${salt}`,
    p_successor_key_id: "bench",
    p_issued_to: `\\x${ISSUED_TO}`,
    p_window_seconds: WINDOW_SECONDS,
    p_access_ttl_seconds: 3600,
    p_refresh_ttl_seconds: 2592000,
    p_event: "refresh",
    p_ip: null,
    p_user_agent: "bench",
    p_request_id: "bench",
  });
  return error ? error.message : data.outcome;
});
