/**
 * Runs `deno task start` and `deno task reset` as a person does: as processes, with a data directory
 * and separate ports.
 *
 * @module
 */
import { findFreePort } from "../../../local/platform/postgres/server.ts";

const PROJECT = new URL("../../..", import.meta.url).pathname.replace(/\/$/, "");

/** A place for a local project, and the environment that points there. */
export interface Place extends AsyncDisposable {
  readonly directory: string;
  readonly port: number;
  readonly databasePort: number;
  readonly environment: Readonly<Record<string, string>>;
}

export async function makePlace(): Promise<Place> {
  const parent = await Deno.makeTempDir({ prefix: "unified-auth-start-" });
  await Deno.chmod(parent, 0o755);
  const [directory, port, databasePort] = [`${parent}/data`, findFreePort(), findFreePort()];
  return {
    directory,
    port,
    databasePort,
    environment: {
      UNIFIED_AUTH_DATA_DIR: directory,
      UNIFIED_AUTH_PORT: String(port),
      UNIFIED_AUTH_DB_PORT: String(databasePort),
    },
    [Symbol.asyncDispose]: () => Deno.remove(parent, { recursive: true }),
  };
}

/** A command that has ended. */
export interface Ended {
  readonly code: number;
  readonly output: string;
}

/** Runs `start` or `reset` to its end. */
export async function run(
  command: "start" | "reset",
  environment: Readonly<Record<string, string>>,
): Promise<Ended> {
  const { code, stdout, stderr } = await commandFor(command, environment).output();
  const decoder = new TextDecoder();
  return { code, output: decoder.decode(stdout) + decoder.decode(stderr) };
}

/** A stack that `deno task start` serves. */
export interface Started extends AsyncDisposable {
  /** Its output before it was ready. */
  readonly output: string;
  readonly baseUrl: string;
  /** Resolves with everything written, once a line holds `text`. */
  untilSaid(text: string): Promise<string>;
  /** Ctrl-C. */
  stop(): Promise<number>;
}

/** Starts, and waits for the line that says so. @throws {Error} with all it said if it ends before */
export async function start(environment: Readonly<Record<string, string>>): Promise<Started> {
  const child = commandFor("start", environment).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const errors = new Response(child.stderr).text();
  let said = "";

  const untilSaid = async (text: string) => {
    while (!said.includes(text)) {
      const { value, done } = await reader.read();
      if (done) throw new Error(`It ended without "${text}":\n${said}${await errors}`);
      said += value;
    }
    return said;
  };
  const stop = async () => {
    try {
      child.kill("SIGINT");
    } catch (thrown) {
      if (!(thrown instanceof TypeError)) throw thrown;
    }
    while (!(await reader.read()).done);
    await errors;
    return (await child.status).code;
  };
  const output = await untilSaid("\nready ");
  const baseUrl = /^ready (\S+)$/m.exec(await untilSaid("\n"))?.[1] ?? "";
  return { output, baseUrl, untilSaid, stop, [Symbol.asyncDispose]: async () => void await stop() };
}

function commandFor(
  command: "start" | "reset",
  environment: Readonly<Record<string, string>>,
): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--frozen", `${PROJECT}/local/${command}.ts`],
    cwd: PROJECT,
    env: { ...environment, NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
}
