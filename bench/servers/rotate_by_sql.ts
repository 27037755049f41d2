/**
 * The floor of a refresh over a warm pool of connections to the database.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import postgres from "postgres";
import { serveRotations } from "./rotate_and_sign.ts";
import { CONTEXT, POLICY } from "./rotation_call.ts";

/** The same as in our own direct store. */
const POOL_SIZE = 4;

const sql = postgres(Deno.env.get("DATABASE_URL") ?? "", { max: POOL_SIZE, fetch_types: false });
await Promise.all(Array.from({ length: POOL_SIZE }, () => sql`select 1`));

/** Constants stand in the statement: a floor does not send them. */
const record = (type: string, value: unknown) =>
  `jsonb_populate_record(null::public.${type}, '${JSON.stringify(value)}')`;

const STATEMENT = `
  select (answer.outcome)::text as outcome
  from public.rotate_session(
    p_presented => row($1::uuid, $2::int, 0::smallint, $3::bytea, null, $4::bytea),
    p_proof => null,
    p_successor => row($2::int + 1, 0::smallint, $5::bytea, $4::bytea, $6::bytea, 'bench'),
    p_policy => ${record("session_policy", POLICY)},
    p_event => 'refresh',
    p_context => ${record("request_context", CONTEXT)}
  ) as answer`;

export default serveRotations(
  async ({ sessionId, generation, hash, lineage, successorHash, salt }) => {
    const bytes = [hash, lineage, successorHash, salt].map((hex) => Buffer.from(hex, "hex"));
    const [answer] = await sql.unsafe<{ outcome: string }[]>(
      STATEMENT,
      [sessionId, generation, ...bytes],
      { prepare: true },
    );
    return answer?.outcome ?? "no row";
  },
);
