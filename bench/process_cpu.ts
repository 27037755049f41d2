/**
 * How much CPU time a process has used, as Linux counts it in `/proc/<pid>`: user and system time of all
 * threads.
 *
 * @module
 */

import { sum } from "simple-statistics";

/** `sysconf(_SC_CLK_TCK)` on every Linux that Deno runs on. */
const MS_PER_TICK = 10;

/**
 * Answers how many milliseconds since. With its children, those that have ended too: each connection to
 * PostgreSQL is a child of the server's process. In ticks, of which each process drops up to two.
 */
export function startCpuClock(pid: number): () => number {
  const startedAtMs = readCpuMs(pid);
  return () => readCpuMs(pid) - startedAtMs;
}

function readCpuMs(pid: number): number {
  const children = read(`${pid}/task/${pid}/children`).split(" ").filter(Boolean).map(Number);
  return sum([pid, ...children].map(readOwnCpuMs));
}

/** Without its children, to the nanosecond, as a start of 20 ms needs it; threads that have ended are missing. */
export function readLiveThreadsCpuMs(pid: number): number {
  const threads = [...Deno.readDirSync(`/proc/${pid}/task`)];
  const schedules = threads.map(({ name }) => read(`${pid}/task/${name}/schedstat`));
  return sum(schedules.map((schedule) => Number(schedule.split(" ")[0]))) / 1e6;
}

function readOwnCpuMs(pid: number): number {
  // The second field is the program's name in parentheses, which may hold anything.
  const afterName = read(`${pid}/stat`).split(") ").at(-1) ?? "";
  const userAndSystem = afterName.split(" ").slice(11, 15); // then those of children that have ended
  return sum(userAndSystem.map(Number)) * MS_PER_TICK;
}

function read(file: string): string {
  try {
    return Deno.readTextFileSync(`/proc/${file}`);
  } catch {
    return ""; // it has ended
  }
}
