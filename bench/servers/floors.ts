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

const environment = Deno.env.toObject();
const { FLOOR = "", POLICY = "{}", SESSION_SIGNING_KEYS = "{}" } = environment;

type Answer = (cookie: string) => Promise<Response>;

const FLOORS: Readonly<Record<string, () => Answer | Promise<Answer>>> = {
  async "one select"() {
    const sql = await openPool();
    return async (cookie) => {
      const [row] = await sql`
        select s.id, s.user_id, s.is_valid, s.generation, s.branch, s.refresh_token_expires_at
        from public.sessions as s
        where s.id = ${idIn(cookie)}`;
      return row ? Response.json(row) : new Response(null, { status: 404 });
    };
  },

  "one rpc()"() {
    const dataApi = openDataApi();
    return async (cookie) => {
      const { data, error } = await dataApi.rpc("validate_session", {
        p_session_id: idIn(cookie),
        p_generation: 1,
        p_branch: 0,
        p_may_confirm: true,
        ...SETTINGS,
      });
      return error ? Response.json(error, { status: 500 }) : Response.json(data);
    };
  },

  async "rotation"() {
    const sql = await openPool();
    // Constants stand in the statement: a floor does not send them.
    const statement = `
      select answer.outcome::text
      from public.rotate_session(
        p_presented => $1, p_proof => null, p_successor => $2,
        p_policy => jsonb_populate_record(null::public.session_policy, '${POLICY}'),
        p_event => 'refresh', p_context => row(null, 'bench', 'bench')
      ) as answer`;
    return rotateAndSign(async (presented, successor) => {
      const [answer] = await sql.unsafe(statement, [presented, successor], { prepare: true });
      return answer?.["outcome"];
    });
  },

  "rotation by rpc()"() {
    const dataApi = openDataApi();
    return rotateAndSign(async (p_presented, p_successor) => {
      const tokens = { p_presented, p_proof: null, p_successor, p_event: "refresh" };
      const { data, error } = await dataApi.rpc("rotate_session", { ...tokens, ...SETTINGS });
      return error ?? data.outcome;
    });
  },
};

const SETTINGS = {
  p_policy: JSON.parse(POLICY),
  p_context: { ip: null, user_agent: "bench", request_id: "bench" },
};

/** The best size on two cores; the same as in our direct store. */
const POOL_SIZE = 4;

async function openPool(): Promise<postgres.Sql> {
  const { SUPABASE_DB_URL = "" } = environment;
  const sql = postgres(SUPABASE_DB_URL, { max: POOL_SIZE, fetch_types: false });
  await Promise.all(Array.from({ length: POOL_SIZE }, () => sql`select 1`));
  return sql;
}

function openDataApi() {
  const { SUPABASE_URL = "", SUPABASE_SECRET_KEYS = "{}" } = environment;
  return createClient(SUPABASE_URL, JSON.parse(SUPABASE_SECRET_KEYS).default, {
    auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false },
  });
}

/** @param rotate takes the presented token and its successor as literals of SQL, and answers the outcome */
async function rotateAndSign(
  rotate: (presented: string, successor: string) => Promise<unknown>,
): Promise<Answer> {
  // The key is for verifying too, which a private key alone cannot do: it is not imported with that.
  const { key_ops: _, ...jwk } = JSON.parse(SESSION_SIGNING_KEYS);
  const key = await importJWK(jwk, jwk.alg);
  const bytea = (hex: string) => String.raw`\\x${hex}`;
  return async (cookie) => {
    const [id = "", generation, hash = "", lineage = ""] = cookie.split(".");
    const next = Number(generation) + 1;
    const [newHash, salt] = [randomBytes(32).toString("hex"), randomBytes(16).toString("hex")];
    const outcome = await rotate(
      `(${id},${generation},0,${bytea(hash)},,${bytea(lineage)})`,
      `(${next},0,${bytea(newHash)},${bytea(lineage)},${bytea(salt)},bench)`,
    );
    if (outcome !== "rotated") return Response.json({ outcome }, { status: 500 });
    const claims = {
      role: "authenticated",
      session_id: id,
      gen: next,
      branch: 0,
      aal: "aal1",
      amr: [{ method: "password", timestamp: 0 }],
      email: "person@example.com",
      app_metadata: { provider: "email", providers: ["email"] },
    };
    const accessToken = await new SignJWT(claims)
      .setProtectedHeader({ alg: jwk.alg, kid: jwk.kid, typ: "at+jwt" })
      .setIssuer("http://127.0.0.1/functions/v1/unified-auth")
      .setAudience("authenticated")
      .setSubject(randomUUID())
      .setIssuedAt()
      .setExpirationTime("1h")
      .sign(key);
    const headers = new Headers();
    for (
      const pair of [`access=${accessToken}`, `floor=${[id, next, newHash, lineage].join(".")}`]
    ) {
      headers.append("set-cookie", `${pair}; HttpOnly; Secure; Path=/`);
    }
    return Response.json({ valid: true, refreshed: true, session_id: id }, { headers });
  };
}

function idIn(cookie: string): string {
  return cookie.slice(0, cookie.indexOf("."));
}

const answer = await FLOORS[FLOOR]?.();
if (!answer) throw new TypeError(`There is no such floor: ${FLOOR}`);

export default {
  fetch: (request: Request): Promise<Response> => {
    const [, cookie = ""] = /\bfloor=([^;]*)/.exec(request.headers.get("cookie") ?? "") ?? [];
    return answer(cookie);
  },
};
