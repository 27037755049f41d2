/**
 * Ends a process when this one is gone, however it went. A server outlives a parent that was killed
 * and would keep its port and its data directory; a shell that waits on a pipe from here notices.
 *
 * @module
 */

/** Interrupts process `pid` as soon as this process has ended. */
export function endWithParent(pid: number): { cancel(): Promise<void> } {
  const child = new Deno.Command("sh", {
    args: ["-c", `read -r _ || kill -INT ${pid}`],
    detached: true,
    stdin: "piped",
    stdout: "null",
    stderr: "null",
  }).spawn();
  child.unref();

  let cancelled: Promise<void> | undefined;
  /** A line, then the end: the shell leaves without the signal. */
  const cancel = async () => {
    child.ref();
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode("\n")).catch(() => undefined);
    await writer.close().catch(() => undefined);
    await child.status;
  };
  return { cancel: () => cancelled ??= cancel() };
}
