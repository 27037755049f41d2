/**
 * Waits for fractions of a millisecond. `setTimeout` of Deno wakes up on whole milliseconds, which is
 * longer than most of the requests take that are measured; the C library's `usleep`, on a thread of its
 * own, is late by a tenth of one.
 *
 * @module
 */

/** Resolves after so many milliseconds at the earliest, or after half a second where that is less. */
export type Pause = (milliseconds: number) => Promise<void>;

/** A pause and what it takes to end it. */
export interface Pauses extends Disposable {
  readonly pause: Pause;
}

const MICROSECONDS_PER_MILLISECOND = 1_000;
/** `usleep` need not take a whole second or more. */
const LONGEST_MS = 500;

export function openPauses(): Pauses {
  const library = Deno.dlopen(Deno.build.os === "darwin" ? "libSystem.dylib" : "libc.so.6", {
    usleep: { parameters: ["u32"], result: "i32", nonblocking: true },
  });
  return {
    async pause(milliseconds) {
      const microseconds = Math.min(milliseconds, LONGEST_MS) * MICROSECONDS_PER_MILLISECOND;
      await library.symbols.usleep(Math.max(1, Math.floor(microseconds)));
    },
    [Symbol.dispose]: () => library.close(),
  };
}
