/**
 * Where a soak is played: one project with two processes of each function, a faulty network around
 * it, and a separate database that may be killed.
 *
 * @module
 */

import { setTimeout as delay } from "node:timers/promises";
import postgres from "postgres";
import { insertPerson } from "../../tests/harness/people.ts";
import { type OwnTestServer, startTestServer } from "../../local/testing/test_server.ts";
import { type FaultyStack, startFaultyStack } from "../../tests/resilience/fault/faulty_stack.ts";
import { PASSWORD, type Person } from "../../tests/behaviour/http/fixture.ts";
import type { Ledger } from "./ledger.ts";

export interface Stage extends AsyncDisposable {
  readonly network: FaultyStack<OwnTestServer>;
  readonly ledger: Ledger;
  readonly seed: number;
  hasEnded(): boolean;
  /** Somebody whom nobody else signs in as. */
  createPerson(): Promise<Person>;
  /** Asks the database directly, again if it was killed meanwhile. */
  query<Result>(run: (sql: postgres.Sql) => PromiseLike<Result>): Promise<Result>;
}

const PATIENCE_WITH_DATABASE_MS = 60_000;

export async function openStage(
  { seed, seconds, ledger }: {
    readonly seed: number;
    readonly seconds: number;
    readonly ledger: Ledger;
  },
): Promise<Stage> {
  const server = await startTestServer();
  const network = await startFaultyStack(server, {
    instances: 2,
    onFunctionLine: (_name, line) => countOutage(ledger, line),
  }).catch(async (thrown) => {
    await server.close();
    throw thrown;
  });
  // Types would be asked for unbidden, and nobody hears of it when the server is killed meanwhile.
  const connect = () => network.stack.database.connect({ max: 6, fetch_types: false });
  const endsAtMs = performance.now() + seconds * 1_000;
  let current = connect();

  const query: Stage["query"] = async (run) => {
    const deadlineMs = performance.now() + PATIENCE_WITH_DATABASE_MS;
    for (;;) {
      const sql = current;
      try {
        return await run(sql);
      } catch (thrown) {
        if (!isOutage(thrown) || performance.now() > deadlineMs) throw thrown;
        // The first to notice opens the next client; the old one is closed with the database.
        if (sql === current) current = connect();
        await delay(100);
      }
    }
  };
  return {
    network,
    ledger,
    seed,
    query,
    hasEnded: () => performance.now() > endsAtMs,
    async createPerson() {
      const id = crypto.randomUUID();
      const person = { id, email: `${id}@example.com`, password: PASSWORD };
      await query((sql) => insertPerson(sql, person));
      return person;
    },
    async [Symbol.asyncDispose]() {
      await network[Symbol.asyncDispose]();
      await server.close();
    },
  };
}

/** A function's log line about a dependency that did not answer. */
function countOutage(ledger: Ledger, line: string): void {
  if (!line.startsWith("{")) return;
  const { dependency, cause } = JSON.parse(line);
  if (dependency !== undefined) ledger.count("outages", `${dependency}: ${cause}`);
}

/** The server went away or is coming back; anything else is a mistake in the query. */
function isOutage(thrown: unknown): boolean {
  const code = thrown instanceof Error && "code" in thrown ? String(thrown.code) : "";
  return thrown instanceof postgres.PostgresError
    ? code.startsWith("57P")
    : /^(?:CONNECTION_|CONNECT_|ECONN|EPIPE)/.test(code);
}
