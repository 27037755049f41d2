/**
 * Runs one PostgreSQL server on 127.0.0.1 over a cluster on disk: starts it, waits until it accepts
 * connections, ends it. Knows nothing of what is in its databases.
 *
 * @module
 */
import { StackError } from "../stack_error.ts";
import { type Cluster, LOCAL_PASSWORD } from "./data_directory.ts";
import { explainFailedStart, isStillEnding } from "./failures.ts";
import { type OutputLines, readLines } from "../output_lines.ts";
import { endWithParent } from "../end_with_parent.ts";

/** A running server. */
export interface PostgresServer {
  readonly port: number;
  /** The process id of the postmaster. */
  readonly pid: number;
  /** Resolves when the server has ended, for whatever reason, with how: `exit 0`, `SIGKILL`. */
  readonly ended: Promise<string>;
  /** A connection URL. @default {user: "postgres", database: "postgres"} */
  url(as?: { readonly user?: string; readonly database?: string }): string;
  /** Fast shutdown: open transactions roll back, everything committed is on disk. */
  stop(): Promise<void>;
  /**
   * `SIGKILL` to the postmaster, as a crash of the machine would. Resolves when its children have ended,
   * too: until they notice, they answer those who are connected.
   */
  kill(): Promise<void>;
}

/** How to run a server. */
export interface PostgresOptions {
  readonly cluster: Cluster;
  readonly port: number;
  /**
   * Settings over PostgreSQL's own, such as `{ fsync: "off" }` for tests. @default {none}
   */
  readonly settings?: Readonly<Record<string, string>>;
  /** Hears every line that the server writes. */
  readonly onLine?: (line: string) => void;
}

/** How long the children of a killed server may take to end before a new start gives up. */
const STILL_ENDING_MS = 10_000;
const FAST_SHUTDOWN_MS = 15_000;

/** @throws {StackError} when it does not start, saying what to do. */
export async function startPostgres(options: PostgresOptions): Promise<PostgresServer> {
  const { port, cluster } = options;
  const deadline = performance.now() + STILL_ENDING_MS;
  for (;;) {
    const { child, output } = spawnPostgres(options);
    const ready = await output.find((line) => line.includes("ready to accept connections"));
    if (ready) return runningServer({ port, child, output });
    await child.status;
    if (!isStillEnding(output.latest) || performance.now() > deadline) {
      const lines = output.latest;
      throw new StackError(
        explainFailedStart({ port, dataDirectory: cluster.directory, lines }),
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Below what Linux, macOS and Windows give to connections, which would take it before it is used. */
const PORTS = { least: 15_000, count: 17_000 };

/** A port that nothing listens on. */
export function findFreePort(): number {
  for (;;) {
    const port = PORTS.least + Math.floor(Math.random() * PORTS.count);
    try {
      Deno.listen({ hostname: "127.0.0.1", port }).close();
      return port;
    } catch (error: unknown) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
}

function spawnPostgres(
  { cluster, port, settings = {}, onLine }: PostgresOptions,
): { child: Deno.ChildProcess; output: OutputLines } {
  const all = {
    listen_addresses: "127.0.0.1",
    unix_socket_directories: "",
    timezone: "UTC",
    log_timezone: "UTC",
    lc_messages: "C",
    max_connections: "200",
    ...settings,
  };
  const child = new Deno.Command(`${cluster.programs}/bin/postgres`, {
    args: [
      "-D",
      cluster.directory,
      "-p",
      String(port),
      ...Object.entries(all).flatMap(([name, value]) => ["-c", `${name}=${value}`]),
    ],
    cwd: "/",
    env: { LC_ALL: "C" },
    ...cluster.user,
    // Ctrl-C in a terminal goes to a whole group; the server must outlive the emulators that use it.
    detached: true,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  return { child, output: readLines(child.stderr, onLine ? { onLine } : {}) };
}

function runningServer(
  { port, child, output }: {
    port: number;
    child: Deno.ChildProcess;
    output: OutputLines;
  },
): PostgresServer {
  const watch = endWithParent(child.pid);
  let live = true;
  const ended = child.status.then(async ({ code, signal }) => {
    live = false;
    await watch.cancel();
    return signal ?? `exit ${code}`;
  });

  const signal = async (name: Deno.Signal) => {
    if (live) child.kill(name);
    await ended;
  };

  return {
    port,
    pid: child.pid,
    ended,
    url({ user = "postgres", database = "postgres" } = {}) {
      return `postgresql://${user}:${LOCAL_PASSWORD}@127.0.0.1:${port}/${database}`;
    },
    async stop() {
      const impatient = setTimeout(() => live && child.kill("SIGQUIT"), FAST_SHUTDOWN_MS);
      await signal("SIGINT");
      clearTimeout(impatient);
    },
    async kill() {
      await signal("SIGKILL");
      await output.ended; // each child holds it open
    },
  };
}
