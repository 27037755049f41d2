/**
 * How much CPU time processes have used, user and system together, as Linux counts it in
 * `/proc/<pid>/stat`: in hundredths of a second, of all threads.
 *
 * @module
 */

/** `sysconf(_SC_CLK_TCK)` on every Linux that Deno runs on. */
const MS_PER_TICK = 10;

interface ProcessTimes {
  readonly parent: number;
  readonly ownMs: number;
  /** Of children that have ended. */
  readonly endedChildrenMs: number;
}

/** CPU time of these processes together. One that has ended counts nothing. */
export function readCpuMs(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + (readTimes(pid)?.ownMs ?? 0), 0);
}

/**
 * CPU time of a process and all its children, those that have ended too: of a PostgreSQL server, say,
 * whose every connection is a child of the postmaster.
 */
export function readFamilyCpuMs(pid: number): number {
  const parent = readTimes(pid);
  if (!parent) return 0;
  const children = listPids().filter((child) => readTimes(child)?.parent === pid);
  return parent.ownMs + parent.endedChildrenMs + readCpuMs(children);
}

function listPids(): readonly number[] {
  return [...Deno.readDirSync("/proc")].map(({ name }) => Number(name)).filter(Number.isInteger);
}

function readTimes(pid: number): ProcessTimes | undefined {
  let text: string;
  try {
    text = Deno.readTextFileSync(`/proc/${pid}/stat`);
  } catch {
    return undefined; // it has ended
  }
  // The second field is the program's name in parentheses, which may hold anything.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ").map(Number);
  const [, parent = 0] = fields;
  const [user = 0, system = 0, childrenUser = 0, childrenSystem = 0] = fields.slice(11, 15);
  return {
    parent,
    ownMs: (user + system) * MS_PER_TICK,
    endedChildrenMs: (childrenUser + childrenSystem) * MS_PER_TICK,
  };
}
