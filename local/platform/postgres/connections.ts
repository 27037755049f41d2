/**
 * The connections of an emulator to the database: a few, all of one role, each lent to one request at a
 * time and never used again once it was lost.
 *
 * @module
 */
import postgres from "postgres";

/** A few connections, handed to one request at a time. */
export interface Connections {
  /** Runs `use` with a connection that nobody else uses meanwhile. @throws {PoolTimeout} */
  withConnection<Result>(use: (connection: Connection) => Promise<Result>): Promise<Result>;
  /** Ends all of them. A request whose caller is gone may be carried out to its end. */
  close(): Promise<void>;
}

/** One connection, made when it is first used. */
export interface Connection {
  readonly sql: postgres.Sql;
  /** The names of the statements that it has prepared. */
  readonly prepared: Set<string>;
  /** Whether it is gone. It must not be used any more: postgres.js would silently connect anew. */
  readonly isLost: boolean;
  /** Called when it is lost. Null while nobody has it. */
  onLost: (() => void) | null;
}

/** How many connections to whom. */
export interface ConnectionsOptions {
  /** A URL of the role that they sign in as. */
  readonly databaseUrl: string;
  /** The connections' `application_name`. */
  readonly applicationName: string;
  /** @default {10} as in PostgREST */
  readonly size?: number;
  /** How long a request waits for a free one. @default {10_000} as in PostgREST */
  readonly acquisitionTimeoutMs?: number;
  /** Hears of every lost connection, and of every notification that one listens for. */
  readonly onChange?: () => void;
}

/** Every connection stayed busy for as long as a request may wait. */
export class PoolTimeout extends Error {
  override readonly name = "PoolTimeout";
}

/** A connection that was lost between two messages of one transaction. */
export class ConnectionLost extends Error {
  override readonly name = "ConnectionLost";
}

/** How long the driver may take to report a lost connection to its holder, with the true cause. */
const DRIVER_REPORT_MS = 1_000;

/** Ended in the middle of a transaction, or of connecting, postgres.js leaves a timer behind. */
const CLOSING_PATIENCE_SECONDS = 5;

/** The connection that was used last is the next to be used. */
export function createConnections(options: ConnectionsOptions): Connections {
  const { size = 10, acquisitionTimeoutMs = 10_000 } = options;
  const open = () => openConnection(options);
  const free = Array.from({ length: size }, open);
  const lent = new Set<Connection>();
  const waiting = new Set<(connection: Connection) => void>();

  const lend = (connection: Connection): Connection => {
    const sound = connection.isLost ? open() : connection;
    lent.add(sound);
    return sound;
  };

  const acquire = (): Connection | Promise<Connection> => {
    const connection = free.pop();
    if (connection) return lend(connection);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        waiting.delete(take);
        reject(new PoolTimeout());
      }, acquisitionTimeoutMs);
      const take = (given: Connection) => {
        clearTimeout(timer);
        resolve(lend(given));
      };
      waiting.add(take);
    });
  };

  const release = (connection: Connection) => {
    lent.delete(connection);
    const [next] = waiting;
    if (!next) return void free.push(connection);
    waiting.delete(next);
    next(connection);
  };

  return {
    async withConnection(use) {
      const connection = await acquire();
      try {
        return await orLost(connection, () => use(connection));
      } finally {
        release(connection);
      }
    },
    async close() {
      await Promise.all(
        [...free, ...lent].map(({ sql }) => sql.end({ timeout: CLOSING_PATIENCE_SECONDS })),
      );
    },
  };
}

/**
 * A query that follows the loss, such as the rollback of a transaction, is never settled by
 * postgres.js: a request would keep its place in the pool forever.
 */
async function orLost<Result>(
  connection: Connection,
  use: () => Promise<Result>,
): Promise<Result> {
  const lost = Promise.withResolvers<never>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  connection.onLost = () => {
    timer = setTimeout(() => lost.reject(new ConnectionLost()), DRIVER_REPORT_MS);
  };
  try {
    return await Promise.race([use(), lost.promise]);
  } finally {
    connection.onLost = null;
    clearTimeout(timer);
  }
}

/**
 * A client of postgres.js for each connection, and a new one after a loss: its own reconnecting waits
 * for up to 20 s, hands the error that ended the old connection to the first query on the new one,
 * and where it ended within a row, loses the first row of that query. It asks for the types of arrays
 * on its own, and nobody hears of it when the connection ends meanwhile.
 */
function openConnection(
  { databaseUrl, applicationName, onChange }: ConnectionsOptions,
): Connection {
  const state = {
    prepared: new Set<string>(),
    isLost: false,
    onLost: null as (() => void) | null,
  };
  const options = {
    max: 1,
    max_lifetime: null,
    connect_timeout: 5,
    fetch_types: false,
    onnotice: () => {},
    connection: { application_name: applicationName, standard_conforming_strings: "on" },
    onclose: () => {
      state.isLost = true;
      state.onLost?.();
      onChange?.();
    },
    // Its `listen` would take a connection more, and goes on connecting forever once it was lost.
    onnotify: () => onChange?.(),
  };
  return Object.assign(state, { sql: postgres(databaseUrl, options) });
}
