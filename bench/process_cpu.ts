/**
 * How much CPU time a process has used, as Linux counts it in `/proc/<pid>`: user and system time of all
 * threads.
 *
 * @module
 */

/** `sysconf(_SC_CLK_TCK)` on every Linux that Deno runs on. */
const MS_PER_TICK = 10;

/**
 * With its children, those that have ended too: each connection to PostgreSQL is a child of the server's
 * process. A process that has ended counts nothing. In ticks, of which each process drops up to two.
 */
export function readCpuMs(pid: number): number {
  return [pid, ...childrenOf(pid)].reduce((sum, each) => sum + readOwnCpuMs(each), 0);
}

/** Without its children, to the nanosecond, as a start of 20 ms needs it; threads that have ended are missing. */
export function readLiveThreadsCpuMs(pid: number): number {
  const threads = [...Deno.readDirSync(`/proc/${pid}/task`)].map(({ name }) => name);
  const nanoseconds = threads.map((thread) =>
    Number(read(`${pid}/task/${thread}/schedstat`).split(" ")[0])
  );
  return nanoseconds.reduce((sum, each) => sum + each, 0) / 1e6;
}

function childrenOf(pid: number): readonly number[] {
  return read(`${pid}/task/${pid}/children`).split(" ").filter(Boolean).map(Number);
}

function readOwnCpuMs(pid: number): number {
  const stat = read(`${pid}/stat`);
  // The second field is the program's name in parentheses, which may hold anything.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ").map(Number);
  const [user = 0, system = 0, childrenUser = 0, childrenSystem = 0] = fields.slice(11, 15);
  return (user + system + childrenUser + childrenSystem) * MS_PER_TICK;
}

function read(file: string): string {
  try {
    return Deno.readTextFileSync(`/proc/${file}`);
  } catch {
    return ""; // it has ended
  }
}
