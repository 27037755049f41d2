/**
 * Lets this process outlive the one fault of postgres.js that nothing can catch: it writes to a socket
 * that it has lost, from a timer (porsager/postgres 1066, 1154 and 1208). A caller that waits for that
 * connection fails by the pool's own report of the loss, or by its time limit.
 *
 * @module
 */

let outlives = false;

/** For a process that must go on while databases come and go. Once is enough. */
export function outliveDriverFaults(): void {
  if (outlives) return;
  outlives = true;
  globalThis.addEventListener("error", (event) => {
    if (isLostWrite(event.error)) event.preventDefault();
  });
}

function isLostWrite(thrown: unknown): boolean {
  return thrown instanceof TypeError &&
    /\bnextWrite\b.*\/postgres\/src\/connection\.js/.test(thrown.stack ?? "");
}
