/**
 * Reads what a child process writes, line by line, keeping the latest lines for later callers.
 *
 * @module
 */

/** The latest lines of a process, and a way to hear of each new one. */
export interface OutputLines {
  /** The latest lines, oldest first. */
  readonly latest: readonly string[];
  /** Settles when the process has closed its output. */
  readonly ended: Promise<void>;
  /** Resolves with the first line, past or future, that `matches`; `undefined` once output ended. */
  find(matches: (line: string) => boolean): Promise<string | undefined>;
}

/** @param keep how many lines to remember. @default {200} */
export function readLines(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  { keep = 200, onLine }: { keep?: number; onLine?: (line: string) => void } = {},
): OutputLines {
  const latest: string[] = [];
  const waiting = new Set<(line: string | undefined) => void>();

  const take = (line: string) => {
    latest.push(line);
    if (latest.length > keep) latest.shift();
    onLine?.(line);
    for (const notify of waiting) notify(line);
  };

  const read = async () => {
    let rest = "";
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      lines.forEach(take);
    }
    if (rest) take(rest);
    for (const notify of waiting) notify(undefined);
  };
  const ended = read();

  return {
    latest,
    ended,
    find(matches) {
      const seen = latest.find(matches);
      if (seen !== undefined) return Promise.resolve(seen);
      const found = new Promise<string | undefined>((resolve) => {
        const notify = (line: string | undefined) => {
          if (line !== undefined && !matches(line)) return;
          waiting.delete(notify);
          resolve(line);
        };
        waiting.add(notify);
      });
      return Promise.race([found, ended.then(() => latest.find(matches))]);
    },
  };
}
