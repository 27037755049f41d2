/**
 * The floor of a refresh over a warm pool of connections to the database.
 *
 * @module
 */

import postgres from "postgres";
import { ISSUED_TO, serveRotations, WINDOW_SECONDS } from "./rotate_and_sign.ts";

/** The same as in our own direct store. */
const POOL_SIZE = 4;

const sql = postgres(Deno.env.get("DATABASE_URL") ?? "", { max: POOL_SIZE, fetch_types: false });
await Promise.all(Array.from({ length: POOL_SIZE }, () => sql`select 1`));

export default serveRotations(async ({ sessionId, generation, hash, successorHash, salt }) => {
  const [row] = await sql<{ outcome: string }[]>`
    select answer.*
    from public.rotate_session(
      ${sessionId}, ${generation}, 0::smallint, decode(${hash}, 'hex'),
      array[decode(${successorHash}, 'hex')], decode(${salt}, 'hex'), 'bench',
      decode(${ISSUED_TO}, 'hex'), ${WINDOW_SECONDS}, 3600, 2592000, 'refresh', null, 'bench',
      'bench'
    ) as answer`;
  return row?.outcome ?? "no row";
});
