/**
 * Turns what PostgreSQL writes when it does not start into one line that says what to do. Knows its
 * messages (English, forced by `lc_messages`), not how it is run.
 *
 * @module
 */

/** The server that did not start. */
export interface FailedStart {
  readonly port: number;
  readonly dataDirectory: string;
  /** The last lines it wrote. */
  readonly lines: readonly string[];
}

/** Old servers of this data directory that are still ending: a moment later the start works. */
export function isStillEnding(lines: readonly string[]): boolean {
  return lines.some((line) => line.includes("pre-existing shared memory block"));
}

/** One line: what is wrong, and what to do. */
export function explainFailedStart({ port, dataDirectory, lines }: FailedStart): string {
  const text = lines.join("\n");
  if (/could not bind|could not create any TCP\/IP sockets/.test(text)) {
    return `Port ${port} is taken: stop what listens there, or set UNIFIED_AUTH_DB_PORT to another`;
  }
  const other = /\(PID (\d+)\) running in data directory/.exec(text)?.[1];
  if (other) {
    return `Another PostgreSQL server (process ${other}) uses ${dataDirectory}: ` +
      `stop it with "kill -INT ${other}"`;
  }
  const version = /initialized by PostgreSQL version (\d+)/.exec(text)?.[1];
  if (version) {
    return `${dataDirectory} was made by PostgreSQL ${version}, this is 17: ` +
      `move it away, or begin anew with "deno task reset"`;
  }
  const reason = reasonOf(lines);
  if (isDamage(text)) {
    return `The database in ${dataDirectory} is damaged (${reason}): ` +
      `restore a copy of it, or begin anew with "deno task reset"`;
  }
  return `PostgreSQL did not start in ${dataDirectory}: ${reason}`;
}

const DAMAGE = [
  "is not a valid data directory",
  "could not find the database system",
  "could not locate a valid checkpoint",
  "could not locate required checkpoint",
  "invalid checkpoint record",
  "control file contains invalid",
  "incorrect checksum in control file",
  "could not read file",
  "could not open file",
  "could not open directory",
  "could not load",
  "does not contain valid data",
  "unexpected data beyond EOF",
  "invalid data in file",
  "contains errors",
  "unrecognized configuration parameter",
];

function isDamage(text: string): boolean {
  return DAMAGE.some((sign) => text.includes(sign)) || text.includes("PANIC:");
}

function reasonOf(lines: readonly string[]): string {
  const reason = lines.findLast((line) => /\b(FATAL|PANIC):/.test(line)) ??
    lines.findLast((line) => /could not|invalid/.test(line)) ?? lines.at(-1);
  return reason?.replace(/^.*?\b(FATAL|PANIC):\s*/, "").trim() ?? "it said nothing";
}
