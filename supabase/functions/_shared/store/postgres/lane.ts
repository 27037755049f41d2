/**
 * A connection as a lane of a batch: many calls are one statement with a list for each parameter. Knows
 * how calls become its values, and not what they ask.
 *
 * @module
 */

import type { Lane, NumberedCalls, SharedCall } from "../batch.ts";
import type { Pool } from "./pool.ts";
import {
  type NumberedRow,
  orderValues,
  type SharedStatement,
  type Statement,
} from "./statement.ts";

type Values = Readonly<Record<string, unknown>>;

/** Resolves once a connection is free. */
export async function takeLane<Args extends Values>(
  pool: Pool,
  statement: SharedStatement,
): Promise<Lane<Args>> {
  const connection = await pool.take();
  return {
    call: <Answer>(calls: NumberedCalls<Args>, shared: SharedCall<Answer>) =>
      connection.call<NumberedRow, Answer>(...compose(statement, calls), shared),
    giveBack: () => connection.giveBack(),
  };
}

function compose(
  { one, many }: SharedStatement,
  calls: NumberedCalls<Values>,
): [Statement, unknown[]] {
  const [first, ...others] = calls;
  if (others.length === 0) return [one, [first.number, ...orderValues(one, first.args)]];
  const values = calls.map(({ args }) => orderValues(many, args));
  return [many, [
    calls.map(({ number }) => number),
    ...many.parameters.map((_, index) => values.map((ofCall) => ofCall[index])),
  ]];
}
