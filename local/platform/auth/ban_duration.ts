/**
 * Reads a ban's duration as Go writes durations: `24h`, `1h30m`, `none`.
 *
 * @module
 */
import { AuthFailure } from "./errors.ts";

const SECONDS: Readonly<Record<string, number>> = {
  ns: 1e-9,
  us: 1e-6,
  "µs": 1e-6,
  ms: 1e-3,
  s: 1,
  m: 60,
  h: 3600,
};

/** In seconds, which may be negative: 0 for `none`, `undefined` when nothing is said. @throws {AuthFailure} */
export function parseBanDuration(duration: unknown): number | undefined {
  if (duration === undefined || duration === null || duration === "") return undefined;
  if (duration === "none") return 0;
  if (typeof duration === "string" && /^[-+]?(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$/.test(duration)) {
    const parts = duration.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g);
    const seconds = parts.reduce(
      (sum, [, amount, unit]) => sum + Number(amount) * (SECONDS[unit ?? ""] ?? 0),
      0,
    );
    return duration.startsWith("-") ? -seconds : seconds;
  }
  throw new AuthFailure(
    400,
    "validation_failed",
    `invalid format for ban duration: time: invalid duration ${JSON.stringify(duration)}`,
  );
}
