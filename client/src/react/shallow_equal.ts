/**
 * Whether two selections are equal, one level deep.
 *
 * @module
 */

/** The same value, or plain objects or lists of the same values. */
export function isShallowEqual(first: unknown, second: unknown): boolean {
  if (Object.is(first, second)) return true;
  if (!isPlain(first) || !isPlain(second) || Array.isArray(first) !== Array.isArray(second)) {
    return false;
  }
  const names = Object.keys(first);
  return names.length === Object.keys(second).length &&
    names.every((name) => name in second && Object.is(first[name], second[name]));
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === Array.prototype;
}
