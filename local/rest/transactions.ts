/**
 * A request's transaction, from `begin` to `commit`: its settings, then its one statement, which each
 * connection prepares once, all in a single message. Four messages, even sent at once, are four
 * answers and four wake-ups on each side of the socket, and twice the work.
 *
 * @module
 */
import postgres from "postgres";
import type { Connection } from "./connections.ts";

/** What one request does. */
export interface Transaction {
  /** What `begin` is followed by, such as `read only`. */
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

/**
 * Runs one transaction on a connection that nobody else uses meanwhile. The first time that the
 * connection meets a statement, and when the row must be looked at, the steps go one by one.
 */
export async function runTransaction(
  { sql, prepared }: Connection,
  { mode, settings, statement, inspect }: Transaction,
): Promise<Row> {
  if (inspect || !prepared.has(nameOf(statement))) {
    return await sql.begin(mode, async (tx) => {
      await tx.unsafe(assignment(settings));
      await prepare(tx, statement, prepared);
      const [row = {}] = await tx.unsafe<Row[]>(execution(statement));
      inspect?.(row);
      return row;
    });
  }
  const steps = [`begin ${mode}`, assignment(settings), execution(statement), "commit"];
  try {
    const results: readonly unknown[] = await sql.unsafe(steps.join(";"));
    const [row = {}] = results[2] as readonly Row[];
    return row;
  } catch (thrown) {
    const isAlive = thrown instanceof postgres.PostgresError && thrown.severity !== "FATAL";
    if (isAlive) await sql.unsafe("rollback");
    throw thrown;
  }
}

/** Written out, because preparing this one makes it slower: nothing in it needs a plan. */
function assignment(settings: Transaction["settings"]): string {
  const calls = Object.entries(settings).map(([name, value]) =>
    `set_config(${literal(name)}, ${literal(value)}, true)`
  );
  return `select ${calls.join(", ")}`;
}

/**
 * Inside the transaction, so that the database resolves names with the search path that the statement
 * will always run with; what is prepared stays so when the transaction rolls back.
 */
async function prepare(
  tx: postgres.TransactionSql,
  statement: Statement,
  prepared: Set<string>,
): Promise<void> {
  const name = nameOf(statement);
  if (prepared.has(name)) return;
  const types = statement.parameters.map(() => "text").join(", ");
  await tx.unsafe(`prepare ${name}${types && `(${types})`} as ${statement.text}`);
  prepared.add(name);
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
