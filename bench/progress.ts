/**
 * What a run shows of itself: one line for each step that has ended, and on a terminal the step under
 * way. On stderr; figures go elsewhere.
 *
 * @module
 */

export interface Progress {
  /** How many steps there are to be. */
  expect(steps: number): void;
  /** Begins a step, which ends when it is disposed. */
  begin(name: string): Disposable;
  say(line: string): void;
}

export function createProgress(): Progress {
  const startedAtMs = performance.now();
  const isTerminal = Deno.stderr.isTerminal();
  const encoder = new TextEncoder();
  const write = (text: string) => Deno.stderr.writeSync(encoder.encode(text));
  const say = (line: string) => write(`${isTerminal ? "\r\x1b[2K" : ""}${line}\n`);
  let expected = 0;
  let begun = 0;
  return {
    expect: (steps) => void (expected += steps),
    begin(name) {
      begun += 1;
      const label = `[${begun}/${Math.max(expected, begun)}] ${name}`;
      const beganAtMs = performance.now();
      if (isTerminal) write(`\r\x1b[2K${formatClock(beganAtMs - startedAtMs)} ${label} …`);
      return {
        [Symbol.dispose]() {
          const nowMs = performance.now();
          const seconds = ((nowMs - beganAtMs) / 1000).toFixed(1);
          say(`${formatClock(nowMs - startedAtMs)} ${label} (${seconds} s)`);
        },
      };
    },
    say,
  };
}

function formatClock(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  const pad = (number: number) => String(number).padStart(2, "0");
  return `${pad(Math.floor(seconds / 60))}:${pad(seconds % 60)}`;
}
