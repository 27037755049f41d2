/**
 * Values of composite types as text, for statements that call the SQL functions by hand.
 *
 * @module
 */

/** As PostgreSQL reads a row: every value quoted, nothing at all for null. */
export function sqlRow(values: readonly (string | number | Uint8Array | null)[]): string {
  return `(${values.map((value) => value === null ? "" : quote(value)).join(",")})`;
}

function quote(value: string | number | Uint8Array): string {
  const text = value instanceof Uint8Array ? `\\x${value.toHex()}` : String(value);
  return `"${text.replace(/["\\]/g, "$&$&")}"`;
}
