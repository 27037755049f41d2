/**
 * What a load generator is asked to do and what it answers. Plain data: it travels as JSON between
 * the process that measures and the process that makes the load.
 *
 * @module
 */

/** One signed-in browser: what it sends, and what it keeps of the answers. */
export interface Visitor {
  /** Its cookies by name. */
  readonly cookies: Readonly<Record<string, string>>;
  /** Sent as JSON with every request of this visitor. @default {none} */
  readonly body?: unknown;
}

/** What every request of a load has in common. */
export interface RequestShape {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON where the visitor has no body of its own. @default {none} */
  readonly body?: unknown;
}

/** How requests come: each after the answer to the last one, or at a constant rate, come what may. */
export type Arrival =
  | { readonly kind: "closed" }
  | { readonly kind: "open"; readonly ratePerSecond: number };

/** Processes whose CPU time is read at the start and at the end of the measured time. */
export interface WatchedPart {
  readonly pids: readonly number[];
  /** Their children count too: the connections of a PostgreSQL server. @default {false} */
  readonly withChildren?: boolean;
}

export interface LoadPlan {
  /** `http://127.0.0.1:port`, without a path. Connections are spread over them in turn. */
  readonly targets: readonly string[];
  readonly request: RequestShape;
  /** A file with a JSON list of {@linkcode Visitor}; each connection has its own share of them. */
  readonly visitors: string;
  /** Cookies that a visitor takes from an answer. @default {none} */
  readonly follow?: readonly string[];
  /** A cookie that every answer must set to another value, else the answer counts as wrong. */
  readonly mustChange?: string;
  /** Each visitor is used once: it has signed out. @default {false} */
  readonly consumes?: boolean;
  readonly connections: number;
  readonly arrival: Arrival;
  readonly warmUpSeconds: number;
  readonly seconds: number;
  /** By the name of the part: `server`, `database` … @default {none} */
  readonly watch?: Readonly<Record<string, WatchedPart>>;
}

/** Milliseconds, from when a request should have been sent to the end of its answer. */
export interface Percentiles {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

export interface LoadResult {
  /** Right answers within the measured time. */
  readonly answers: number;
  /** Answers with another status than 200, or without the change that they had to bring. */
  readonly wrong: number;
  /** What the first wrong answer was. */
  readonly firstWrong?: string;
  /** The measured time; shorter than planned when the visitors ran out. */
  readonly seconds: number;
  readonly latencyMs: Percentiles;
  /** How late requests went out although a connection was free: the generator's own doing. */
  readonly sentLateMs: Percentiles;
  /** CPU time, user and system, of each watched part within the measured time. */
  readonly cpuMs: Readonly<Record<string, number>>;
}
