/**
 * The floor of every session check that asks a database: one `select` by primary key over a warm pool,
 * and its row as JSON.
 *
 * @module
 */

import postgres from "postgres";
import { readCookie } from "./cookie.ts";

/** The best size on two cores; the same as in our direct store. */
const POOL_SIZE = 4;

const sql = postgres(Deno.env.get("DATABASE_URL") ?? "", { max: POOL_SIZE, fetch_types: false });
await Promise.all(Array.from({ length: POOL_SIZE }, () => sql`select 1`));

export default {
  async fetch(request: Request): Promise<Response> {
    const [row] = await sql`
      select s.id, s.user_id, s.is_valid, s.generation, s.branch, s.refresh_token_expires_at
      from public.sessions as s
      where s.id = ${readCookie(request, "floor").slice(0, 36)}`;
    return row ? Response.json(row) : new Response(null, { status: 404 });
  },
};
