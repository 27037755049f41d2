/**
 * The floors of a session check and of a refresh: the least that a server asks of the database for them.
 * `FLOOR` says which. The cookie holds id, generation, hash and lineage of a session. Nothing is checked
 * and nothing is logged.
 *
 * @module
 */

import { randomBytes, randomUUID } from "node:crypto";
import { createClient } from "@supabase/supabase-js";
import { importJWK, SignJWT } from "jose";
import postgres from "postgres";

const {
  FLOOR = "",
  POLICY = "{}",
  SESSION_SIGNING_KEYS = "{}",
  SUPABASE_DB_URL = "",
  SUPABASE_SECRET_KEYS = "{}",
  SUPABASE_URL = "",
} = Deno.env.toObject();

const sql = postgres(SUPABASE_DB_URL, {
  max: 4, // the best on two cores, and the same as in our direct store
  fetch_types: false,
});
const dataApi = createClient(SUPABASE_URL, JSON.parse(SUPABASE_SECRET_KEYS).default, {
  auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false },
});
const SETTINGS = {
  p_policy: JSON.parse(POLICY),
  p_context: { ip: null, user_agent: "bench", request_id: "bench" },
};

/** Takes the parts of its cookie. */
type Floor = (id: string, generation: number, hash: string, lineage: string) => Promise<Response>;

const FLOORS: Readonly<Record<string, Floor>> = {
  async "select"(id) {
    const [row] = await sql`
      select s.id, s.user_id, s.is_valid, s.generation, s.branch, s.refresh_token_expires_at
      from public.sessions as s
      where s.id = ${id}`;
    return Response.json(row); // which throws without a row
  },

  async "rpc"(id) {
    const place = { p_session_id: id, p_generation: 1, p_branch: 0, p_may_confirm: true };
    const { data, error } = await dataApi.rpc("validate_session", { ...place, ...SETTINGS });
    return Response.json(error ?? data, { status: error ? 500 : 200 });
  },

  "rotation": rotation(async (presented, successor) => {
    const [answer] = await sql.unsafe(ROTATE, [presented, successor], { prepare: true });
    return answer?.["outcome"];
  }),

  "rotation by rpc": rotation(async (p_presented, p_successor) => {
    const tokens = { p_presented, p_proof: null, p_successor, p_event: "refresh" };
    const { data, error } = await dataApi.rpc("rotate_session", { ...tokens, ...SETTINGS });
    return error ?? data.outcome;
  }),
};

/** Constants stand in the statement: a floor does not send them. */
const ROTATE = `
  select answer.outcome::text
  from public.rotate_session(
    p_presented => $1, p_proof => null, p_successor => $2,
    p_policy => jsonb_populate_record(null::public.session_policy, '${POLICY}'),
    p_event => 'refresh', p_context => row(null, 'bench', 'bench')
  ) as answer`;

// The key is for verifying too, which a private key alone cannot do: it is not imported with that.
const { key_ops: _, ...jwk } = JSON.parse(SESSION_SIGNING_KEYS);
const key = await importJWK(jwk, jwk.alg);

/**
 * Rotates a session and signs a token.
 *
 * @param rotate takes the presented token and its successor as literals of SQL, and answers the outcome
 */
function rotation(rotate: (presented: string, successor: string) => Promise<unknown>): Floor {
  return async (id, generation, hash, lineage) => {
    const next = generation + 1;
    const [newHash, salt] = [randomBytes(32).toString("hex"), randomBytes(16).toString("hex")];
    const bytea = (hex: string) => String.raw`\\x${hex}`;
    const outcome = await rotate(
      `(${id},${generation},0,${bytea(hash)},,${bytea(lineage)})`,
      `(${next},0,${bytea(newHash)},${bytea(lineage)},${bytea(salt)},bench)`,
    );
    if (outcome !== "rotated") return Response.json({ outcome }, { status: 500 });
    const accessToken = await new SignJWT({
      iss: "http://127.0.0.1/functions/v1/unified-auth",
      aud: "authenticated",
      sub: randomUUID(),
      role: "authenticated",
      session_id: id,
      gen: next,
      branch: 0,
      aal: "aal1",
      amr: [{ method: "password", timestamp: 0 }],
      email: "person@example.com",
      app_metadata: { provider: "email", providers: ["email"] },
    })
      .setProtectedHeader({ alg: jwk.alg, kid: jwk.kid, typ: "at+jwt" })
      .setIssuedAt()
      .setExpirationTime("1h")
      .sign(key);
    const headers = new Headers();
    const give = (pair: string) =>
      headers.append("set-cookie", `${pair}; HttpOnly; Secure; Path=/`);
    give(`access=${accessToken}`);
    give(`floor=${[id, next, newHash, lineage].join(".")}`);
    return Response.json({ valid: true, refreshed: true, session_id: id }, { headers });
  };
}

const answer = FLOORS[FLOOR];
if (!answer) throw new TypeError(`There is no such floor: ${FLOOR}`);

export default {
  fetch: (request: Request): Promise<Response> => {
    const [, cookie = ""] = /\bfloor=([^;]*)/.exec(request.headers.get("cookie") ?? "") ?? [];
    const [id = "", generation, hash = "", lineage = ""] = cookie.split(".");
    return answer(id, Number(generation), hash, lineage);
  },
};
