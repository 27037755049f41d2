/**
 * The door's connections, all of the role `authenticator`: a few, each lent to one request at a time.
 *
 * @module
 */
import postgres from "postgres";
import { PoolTimeout } from "./errors.ts";

/** A few connections, handed to one request at a time. */
export interface Connections {
  /** Runs `use` with a connection of its own. @throws {PoolTimeout} */
  withConnection<Result>(use: (connection: Connection) => Promise<Result>): Promise<Result>;
  close(): Promise<void>;
}

/** One connection. It connects anew by itself after it was lost. */
export interface Connection {
  readonly sql: postgres.Sql;
  /** The names of the statements that it has prepared since it last connected. */
  readonly prepared: Set<string>;
}

/** How many connections to whom. */
export interface ConnectionsOptions {
  /** A URL of the role `authenticator`. */
  readonly databaseUrl: string;
  /** @default {10} as in PostgREST */
  readonly size?: number;
  /** How long a request waits for a free one. @default {10_000} as in PostgREST */
  readonly acquisitionTimeoutMs?: number;
  /** Hears of every lost connection. */
  readonly onLost?: () => void;
}

/** Connections are made when they are first needed, and the latest used is the next to be used. */
export function createConnections(options: ConnectionsOptions): Connections {
  const { databaseUrl, size = 10, acquisitionTimeoutMs = 10_000, onLost } = options;
  const all = Array.from({ length: size }, () => createConnection(databaseUrl, onLost));
  const free = [...all];
  const waiting = new Set<(connection: Connection) => void>();

  const acquire = (): Connection | Promise<Connection> => {
    const connection = free.pop();
    if (connection) return connection;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        waiting.delete(take);
        reject(new PoolTimeout());
      }, acquisitionTimeoutMs);
      const take = (given: Connection) => {
        clearTimeout(timer);
        resolve(given);
      };
      waiting.add(take);
    });
  };

  const release = (connection: Connection) => {
    const [next] = waiting;
    if (!next) return void free.push(connection);
    waiting.delete(next);
    next(connection);
  };

  return {
    async withConnection(use) {
      const connection = await acquire();
      try {
        return await use(connection);
      } finally {
        release(connection);
      }
    },
    async close() {
      await Promise.all(all.map(({ sql }) => sql.end({ timeout: 1 })));
    },
  };
}

function createConnection(databaseUrl: string, onLost?: () => void): Connection {
  const prepared = new Set<string>();
  const sql = postgres(databaseUrl, {
    max: 1,
    max_lifetime: null,
    connect_timeout: 5,
    // Without this, postgres.js waits up to 20 s before it tries a database that was down.
    backoff: () => 0.05,
    fetch_types: false,
    onnotice: () => {},
    connection: { application_name: "postgrest", standard_conforming_strings: "on" },
    onclose: () => {
      prepared.clear();
      onLost?.();
    },
  });
  return { sql, prepared };
}
