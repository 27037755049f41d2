/**
 * A request's transaction, from `begin` to `commit`: its settings, then its one statement, which each
 * connection prepares once, all in a single message. Four messages, even sent at once, are four
 * answers and four wake-ups on each side of the socket, and twice the work.
 *
 * @module
 */
import { type Connection, ConnectionLost } from "../postgres/connections.ts";

/** The transaction of one request. */
export interface Transaction {
  /** Follows `begin`, such as `read only`. */
  readonly mode: string;
  /** Set for this transaction only, in this order. */
  readonly settings: Readonly<Record<string, string>>;
  readonly statement: Statement;
  /** Looks at the row before the commit; throwing rolls back. */
  readonly inspect?: (row: Row) => void;
}

/** SQL with its parameters, all text. */
export interface Statement {
  readonly text: string;
  readonly parameters: readonly string[];
}

/** The single row of a statement: text or null in every column. */
export type Row = Readonly<Record<string, string | null>>;

/** Runs one transaction on a connection that nobody else uses meanwhile. */
export async function runTransaction(
  connection: Connection,
  { mode, settings, statement, inspect }: Transaction,
): Promise<Row> {
  await prepare(connection, { settings, statement });
  const steps = [`begin ${mode}`, assignment(settings), execution(statement)];
  return await orRollBack(connection, async (send) => {
    if (!inspect) return rowOf(await send([...steps, "commit"]));
    const row = rowOf(await send(steps));
    inspect(row);
    await send(["commit"]);
    return row;
  });
}

type Send = (statements: readonly string[]) => Promise<unknown>;

/** Where the connection is gone, so is its transaction. */
async function orRollBack<Result>(
  connection: Connection,
  run: (send: Send) => Promise<Result>,
): Promise<Result> {
  const send: Send = async (statements) => {
    if (connection.isLost) throw new ConnectionLost();
    return await connection.sql.unsafe(statements.join(";"));
  };
  try {
    return await run(send);
  } catch (thrown) {
    await send(["rollback"]).catch(() => undefined);
    throw thrown;
  }
}

/** The answers to `begin` and the settings come first. */
function rowOf(results: unknown): Row {
  const [, , rows] = results as readonly (readonly Row[])[];
  return rows?.[0] ?? {};
}

/**
 * The first time that a connection meets a statement: with the search path that it will run with, else
 * the database would look every name up again each time.
 */
async function prepare(
  connection: Connection,
  { settings, statement }: Pick<Transaction, "settings" | "statement">,
): Promise<void> {
  const name = nameOf(statement);
  if (connection.prepared.has(name)) return;
  const types = statement.parameters.map(() => "text").join(", ");
  const preparation = `prepare ${name}${types && `(${types})`} as ${statement.text}`;
  await orRollBack(
    connection,
    (send) => send(["begin", assignment(settings), preparation, "commit"]),
  );
  connection.prepared.add(name);
}

/** Written out, because preparing this one makes it slower: nothing in it needs a plan. */
function assignment(settings: Transaction["settings"]): string {
  const calls = Object.entries(settings).map(([name, value]) =>
    `set_config(${literal(name)}, ${literal(value)}, true)`
  );
  return `select ${calls.join(", ")}`;
}

function execution(statement: Statement): string {
  const values = statement.parameters.map(literal).join(", ");
  return `execute ${nameOf(statement)}${values && `(${values})`}`;
}

/** `standard_conforming_strings` is on: a quote is all that needs care. */
function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

const names = new Map<string, string>();

/** The same name for the same text, on every connection. */
function nameOf({ text }: Statement): string {
  const known = names.get(text);
  if (known) return known;
  const name = `statement_${names.size}`;
  names.set(text, name);
  return name;
}
