/**
 * Bytes as the data API and the driver take them for a `bytea`.
 *
 * @module
 */

import { Buffer } from "node:buffer";

export function toBytea(bytes: Uint8Array): string {
  return `\\x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex")}`;
}
