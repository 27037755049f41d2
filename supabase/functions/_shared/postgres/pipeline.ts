/**
 * One connection that many calls share: each is sent without waiting for the answers before it, and the
 * answers come in the same order. For calls that wait for nobody, since one that waits holds up those
 * behind it, and for connections to PostgreSQL itself. Opens with the first call, and again after a loss.
 *
 * @module
 */

import { Socket } from "node:net";
import { clearInterval, setImmediate, setInterval } from "node:timers";
import pg from "pg";
import type { DatabaseAddress } from "../database_address.ts";
import { connectionConfig, isDirect } from "./connection.ts";
import type { AnswerRow, Statement } from "./statement.ts";

export interface PipelineOptions {
  readonly address: DatabaseAddress;
  /** How long the connection may take to open. */
  readonly connectTimeoutMs: number;
  /** How long the whole call may take. */
  readonly timeoutMs: number;
  /** Without calls for this long the connection is closed: the database has others to serve. */
  readonly idleTimeoutMs: number;
}

export type PipelineAnswer =
  | { readonly kind: "answered"; readonly answer: unknown }
  /** Something stands between here and PostgreSQL. Nothing was asked. */
  | { readonly kind: "not_direct" };

export interface Pipeline {
  /** Calls that have no answer yet. */
  readonly waiting: number;
  /** Rejects with the driver's errors: every call that waits, if the connection is lost or one is late. */
  call(statement: Statement, values: readonly unknown[]): Promise<PipelineAnswer>;
  close(): Promise<void>;
}

/** One timer looks after all calls: one for each would cost a tenth of a validate. */
const WATCH_INTERVAL_MS = 200;

interface Line {
  readonly client: pg.Client;
  readonly direct: boolean;
  /** Only a call that waits keeps the process from ending. */
  hold(held: boolean): void;
  /**
   * What is sent at the same moment leaves in one write. Each wakes the database's process, and that
   * may take this one's core: a tenth of a validate here, a sixth there, at 16 callers.
   */
  gather(): void;
  lose(reason: Error): void;
}

interface NumberedRow extends AnswerRow {
  readonly number: number;
}

export function createPipeline(options: PipelineOptions): Pipeline {
  const deadlines = new Map<number, number>(); // of the calls that wait, by their number; oldest first
  let lastNumber = 0;
  let lastCallAtMs = 0;
  let current: Promise<Line> | null = null;

  function open(): Promise<Line> {
    const socket = new Socket();
    const client = new pg.Client({
      ...connectionConfig(options.address),
      connectionTimeoutMillis: options.connectTimeoutMs,
      pipeline: true,
      stream: () => socket,
    });
    const watch = setInterval(() => {
      const nowMs = performance.now();
      const [oldest = Infinity] = deadlines.values();
      if (oldest <= nowMs) lose(new Error("Query timeout"));
      if (deadlines.size === 0 && nowMs - lastCallAtMs >= options.idleTimeoutMs) lose();
    }, WATCH_INTERVAL_MS);
    watch.unref();

    const lose = (reason?: Error) => {
      clearInterval(watch);
      if (current === opened) current = null;
      socket.destroy(reason); // the driver tells each call that waits
    };
    client.on("error", () => lose()); // after a message out of turn it is still open
    client.on("end", () => lose());

    const gather = () => {
      if (socket.writableCorked > 0) return;
      socket.cork();
      setImmediate(() => socket.uncork());
    };

    const opened = client.connect()
      .then(() => isDirect(client, options.connectTimeoutMs))
      .then((direct): Line => ({
        client,
        direct,
        hold: (held) => void (held ? socket.ref() : socket.unref()),
        gather,
        lose,
      }))
      .catch((error: unknown) => {
        lose();
        throw error;
      });
    return opened;
  }

  return {
    get waiting() {
      return deadlines.size;
    },

    async call({ name, text, parameters }, values) {
      const number = lastNumber = (lastNumber + 1) % 2 ** 31;
      lastCallAtMs = performance.now();
      deadlines.set(number, lastCallAtMs + options.timeoutMs);
      let line: Line | null = null;
      try {
        line = await (current ??= open());
        if (!line.direct) return { kind: "not_direct" };
        if (deadlines.size === 1) line.hold(true);
        line.gather();
        const { rows: [row] } = await line.client.query<NumberedRow>({
          name,
          text: `${text}, $${parameters.length + 1}::integer as number`,
          values: [...values, number],
        });
        if (row?.number !== number) {
          // One message too many on the way, and each answer would go to somebody else's call.
          const mixedUp = new Error("Cannot tell answers apart: one belongs to another call");
          line.lose(mixedUp);
          throw mixedUp;
        }
        return { kind: "answered", answer: row.answer };
      } finally {
        deadlines.delete(number);
        if (deadlines.size === 0) line?.hold(false);
      }
    },

    async close() {
      const line = await current?.catch(() => null);
      line?.hold(true);
      await line?.client.end();
    },
  };
}
