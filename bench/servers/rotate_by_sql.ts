/**
 * The floor of a refresh over a warm pool of connections to the database.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import postgres from "postgres";
import { serveRotations } from "./rotate_and_sign.ts";
import { rotationSql } from "./rotation_call.ts";

/** The same as in our own direct store. */
const POOL_SIZE = 4;

const sql = postgres(Deno.env.get("DATABASE_URL") ?? "", { max: POOL_SIZE, fetch_types: false });
await Promise.all(Array.from({ length: POOL_SIZE }, () => sql`select 1`));

const STATEMENT = `select answer.* from ${
  rotationSql({
    sessionId: "$1::uuid",
    generation: "$2::integer",
    hash: "$3::bytea",
    lineage: "null::bytea",
    successorHash: "$4::bytea",
    salt: "$5::bytea",
  })
} as answer`;

export default serveRotations(async ({ sessionId, generation, hash, successorHash, salt }) => {
  const bytes = [hash, successorHash, salt].map((hex) => Buffer.from(hex, "hex"));
  const [row] = await sql.unsafe<{ outcome: string }[]>(
    STATEMENT,
    [sessionId, generation, ...bytes],
    { prepare: true },
  );
  return row?.outcome ?? "no row";
});
