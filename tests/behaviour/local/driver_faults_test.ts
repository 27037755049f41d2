import assert from "node:assert/strict";
import { outliveDriverFaults } from "../../../local/platform/postgres/driver_faults.ts";

/** As Deno reports an error that nobody caught; without `preventDefault` the process ends. */
function tellUncaught(error: Error): boolean {
  return !globalThis.dispatchEvent(new ErrorEvent("error", { error, cancelable: true }));
}

/** Where postgres.js 3.4.9 throws it: seen when PostgreSQL was killed while an emulator was connecting. */
const LOST_WRITE = `TypeError: Cannot read properties of null (reading 'write')
    at Immediate.nextWrite (file:///p/node_modules/.deno/postgres@3.4.9/node_modules/postgres/src/connection.js:255:22)
    at Immediate.callback (ext:deno_node/internal/timers.mjs:4:3069)`;

function errorWith(stack: string, error: Error = new TypeError()): Error {
  return Object.assign(error, { stack });
}

Deno.test("a process outlives the driver's write to a socket that it lost, and no other error", () => {
  outliveDriverFaults();
  assert.equal(tellUncaught(errorWith(LOST_WRITE)), true);
  assert.equal(tellUncaught(errorWith(LOST_WRITE, new RangeError())), false);
  assert.equal(tellUncaught(errorWith(LOST_WRITE.replace("nextWrite", "data"))), false);
  assert.equal(tellUncaught(errorWith(LOST_WRITE.replace("postgres/src", "other/src"))), false);
});
