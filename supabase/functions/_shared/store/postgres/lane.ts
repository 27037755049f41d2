/**
 * A connection as a lane of a batch: one call is one statement, and many are one too. Knows how calls
 * become its values, and not what they ask.
 *
 * @module
 */

import type { Lane, NumberedCalls, SharedCall } from "../batch.ts";
import type { Pool } from "./pool.ts";
import { type NumberedRow, orderValues, type SharedStatement } from "./statement.ts";

/** Resolves once a connection is free. */
export async function takeLane<Args extends Readonly<Record<string, unknown>>>(
  pool: Pool,
  { one, many }: SharedStatement<Args>,
): Promise<Lane<Args>> {
  const connection = await pool.take();
  return {
    call<Answer>(calls: NumberedCalls<Args>, shared: SharedCall<Answer>) {
      const [{ number, args }, ...others] = calls;
      return others.length === 0
        ? connection.call<NumberedRow, Answer>(one, [number, ...orderValues(one, args)], shared)
        : connection.call<NumberedRow, Answer>(many, many.valuesOf(calls), shared);
    },
    giveBack: () => connection.giveBack(),
  };
}
