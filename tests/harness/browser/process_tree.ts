/**
 * The processes of a browser, which starts one for each of its pages.
 *
 * @module
 */

import type { Browser } from "puppeteer-core";

/** The first of a browser's processes. */
export function pidOf(browser: Browser): number {
  const pid = browser.process()?.pid;
  if (pid === undefined) throw new Error("Cannot stop a browser: it has no process");
  return pid;
}

/** Stops a process and its descendants for a while. */
export async function sleepTree(rootPid: number, milliseconds: number): Promise<void> {
  const pids = await descendantsOf(rootPid);
  try {
    for (const pid of pids) signal(pid, "SIGSTOP");
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
  } finally {
    for (const pid of pids.toReversed()) signal(pid, "SIGCONT");
  }
}

/** Ends a process and its descendants, without a chance to tidy up. */
export async function killTree(rootPid: number): Promise<void> {
  for (const pid of await descendantsOf(rootPid)) signal(pid, "SIGKILL");
}

/** The process itself and all below it, parents first. */
async function descendantsOf(rootPid: number): Promise<readonly number[]> {
  const childrenOf = new Map<number, number[]>();
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const parent = await parentOf(name);
    if (parent !== null) childrenOf.set(parent, [...childrenOf.get(parent) ?? [], Number(name)]);
  }
  const found = [rootPid];
  for (const pid of found) found.push(...childrenOf.get(pid) ?? []);
  return found;
}

async function parentOf(pid: string): Promise<number | null> {
  const stat = await Deno.readTextFile(`/proc/${pid}/stat`).catch(() => null);
  // The name in parentheses may hold blanks and parentheses itself.
  return stat === null ? null : Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
}

function signal(pid: number, name: Deno.Signal): void {
  try {
    Deno.kill(pid, name);
  } catch (error: unknown) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
