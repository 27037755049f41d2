/**
 * Runs Edge Functions, each in separate processes: `deno serve` with the environment that the
 * platform would give and permission for that, for the network address of the project and for nothing
 * else. A function may have several instances, as on the platform.
 *
 * @module
 */
import { endWithParent } from "./end_with_parent.ts";
import { type OutputLines, readLines } from "./output_lines.ts";
import { StackError } from "./stack_error.ts";

/** One process of a function. */
export interface FunctionProcess {
  readonly name: string;
  /** Of the process that runs now. */
  readonly pid: number;
  /** Where it listens, without a path: `http://127.0.0.1:41234`. */
  readonly url: string;
  /** Its latest lines, of stdout and stderr. */
  readonly output: readonly string[];
  stop(): Promise<void>;
  /** `SIGKILL`, as when the platform ends an instance. */
  kill(): Promise<void>;
  /**
   * A fresh process in its place, on the same port: a deploy of this instance.
   *
   * @param environment what changes in it, for good. @default {nothing}
   */
  restart(environment?: Readonly<Record<string, string>>): Promise<void>;
}

/** The function to run, and its environment. */
export interface FunctionOptions {
  readonly name: string;
  /** The directory that holds `supabase/`. */
  readonly projectDirectory: string;
  /**
   * Where the packages stand that it imports, a `deno.json` with its lock file beside it.
   *
   * @default {"local/deno.json"}
   */
  readonly configFile?: string;
  /** The program that runs it. @default {the Deno that runs this} */
  readonly denoPath?: string;
  /** All that the function may read from its environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** `host:port` of all that it may reach; the database is added where its environment names that. */
  readonly mayReach: readonly string[];
  /** Hears every line that it writes. */
  readonly onLine?: (line: string) => void;
}

/** The functions of a project: the directories in `supabase/functions` that hold an `index.ts`. */
export async function listFunctions(projectDirectory: string): Promise<readonly string[]> {
  const directory = `${projectDirectory}/supabase/functions`;
  const names: string[] = [];
  for await (const entry of Deno.readDir(directory)) {
    const entryPoint = `${directory}/${entry.name}/index.ts`;
    if (await Deno.stat(entryPoint).then(() => true, () => false)) names.push(entry.name);
  }
  return names.sort();
}

/**
 * `local/deno.json`: the packages of the local stack and of the functions, and no others, so that a first
 * start downloads nothing that only tests need.
 */
const OWN_CONFIG_FILE = new URL("../deno.json", import.meta.url).pathname;

/** Downloads what the functions import: they themselves may not. */
export async function cacheFunctions(
  { projectDirectory, configFile = OWN_CONFIG_FILE, denoPath = Deno.execPath() }: Pick<
    FunctionOptions,
    "projectDirectory" | "configFile" | "denoPath"
  >,
): Promise<void> {
  const names = await listFunctions(projectDirectory);
  if (names.length === 0) return;
  const { success, stderr } = await new Deno.Command(denoPath, {
    args: [
      "cache",
      `--config=${configFile}`,
      ...names.map((name) => entryPointOf({ name, projectDirectory })),
    ],
    cwd: projectDirectory,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  if (success) return;
  throw new StackError(
    `Functions could not be loaded:\n${new TextDecoder().decode(stderr).trim()}`,
  );
}

/** Starts one process and waits until it answers. @throws {StackError} with its own words if it ends. */
export async function startFunction(options: FunctionOptions): Promise<FunctionProcess> {
  let { environment } = options;
  let running = await launch(options, 0);
  return {
    name: options.name,
    get pid() {
      return running.child.pid;
    },
    get url() {
      return `http://127.0.0.1:${running.port}`;
    },
    get output() {
      return running.output.latest;
    },
    stop: () => end(running, "SIGTERM"),
    kill: () => end(running, "SIGKILL"),
    async restart(changes = {}) {
      await end(running, "SIGTERM");
      environment = { ...environment, ...changes };
      running = await launch({ ...options, environment }, running.port);
    },
  };
}

interface Running {
  readonly child: Deno.ChildProcess;
  readonly watch: ReturnType<typeof endWithParent>;
  readonly port: number;
  readonly output: OutputLines;
}

/** Read by Deno itself to find its cache, and by programs to find their home. */
const OWN_ENVIRONMENT = ["DENO_DIR", "HOME", "PATH", "NO_COLOR", "TMPDIR", "XDG_CACHE_HOME"];

async function launch(options: FunctionOptions, port: number): Promise<Running> {
  const { name, projectDirectory, environment, mayReach, onLine } = options;
  const { configFile = OWN_CONFIG_FILE, denoPath = Deno.execPath() } = options;
  const database = databasePermissions(environment);
  const inherited = OWN_ENVIRONMENT.flatMap((variable) => {
    const value = Deno.env.get(variable);
    return value === undefined ? [] : [[variable, value] as const];
  });
  const child = new Deno.Command(denoPath, {
    args: [
      "serve",
      "--no-prompt",
      "--cached-only",
      "--frozen",
      `--config=${configFile}`,
      `--allow-env=${
        ["SUPABASE_*", "SESSION_*", ...database.variables, ...Object.keys(environment)].join(",")
      }`,
      `--allow-net=${[...mayReach, ...database.hosts].join(",")}`,
      "--host=127.0.0.1",
      `--port=${port}`,
      entryPointOf({ name, projectDirectory }),
    ],
    cwd: projectDirectory,
    clearEnv: true,
    env: { ...Object.fromEntries(inherited), NO_COLOR: "1", ...environment },
    // Ctrl-C in a terminal goes to a whole group; the stack ends its processes itself, in order.
    detached: true,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const watch = endWithParent(child.pid);
  const both = mergeStreams(child.stdout, child.stderr);
  const output = readLines(both, {
    keep: 1000,
    onLine: (text) => LISTENING.test(text) || onLine?.(text),
  });
  const line = await output.find((text) => LISTENING.test(text));
  const listensOn = Number(LISTENING.exec(line ?? "")?.[1] ?? 0);
  const running = { child, watch, port: listensOn, output };
  if (listensOn && await accepts(listensOn)) return running;
  await end(running, "SIGTERM");
  throw new StackError(`The function ${name} did not start:\n${output.latest.join("\n")}`);
}

const LISTENING = /Listening on http:\/\/127\.0\.0\.1:(\d+)/;

/** Deno says so once the module has run and its handler is in place; a request would leave a log line. */
async function accepts(port: number): Promise<boolean> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port }).catch(() => undefined);
  connection?.close();
  return connection !== undefined;
}

async function end({ child, watch, output }: Running, signal: Deno.Signal): Promise<void> {
  try {
    child.kill(signal);
  } catch (thrown) {
    // It has ended already.
    if (!(thrown instanceof TypeError)) throw thrown;
  }
  await child.status;
  await output.ended;
  await watch.cancel();
}

function mergeStreams(
  ...streams: readonly ReadableStream<Uint8Array<ArrayBuffer>>[]
): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    async start(controller) {
      await Promise.all(streams.map(async (stream) => {
        for await (const chunk of stream) controller.enqueue(chunk);
      }));
      controller.close();
    },
  });
}

/** The database, and the variables that its driver looks for: none of them is set. */
function databasePermissions(
  { SESSION_STORE: store, SUPABASE_DB_URL: url = "" }: Readonly<Record<string, string>>,
): { readonly hosts: readonly string[]; readonly variables: readonly string[] } {
  return store === "postgres" && URL.canParse(url)
    ? { hosts: [new URL(url).host], variables: ["PG*"] }
    : { hosts: [], variables: [] };
}

function entryPointOf(
  { name, projectDirectory }: { name: string; projectDirectory: string },
): string {
  return `${projectDirectory}/supabase/functions/${name}/index.ts`;
}
