/**
 * All that a call has answered and written, without what differs from run to run: ids and secrets
 * are numbered in the order in which they appear, times are minutes from now.
 *
 * @module
 */

import type postgres from "postgres";
import { emptySessionTables, SESSION_TABLES } from "../../harness/session_tables.ts";

/** @param admin a superuser */
export async function observe(
  admin: postgres.Sql,
  answer: unknown,
): Promise<Readonly<Record<string, unknown>>> {
  const observed: Record<string, unknown> = { answer };
  for (const [table, order] of SESSION_TABLES) {
    observed[table] = [...await admin.unsafe(`select * from ${table} order by ${order}`)];
  }
  return withoutChance(observed, new Map()) as Readonly<Record<string, unknown>>;
}

/** Empties what `observe` reads, and the users. */
export async function forgetEverything(admin: postgres.Sql): Promise<void> {
  await emptySessionTables(admin);
  await admin`delete from auth.users`;
}

const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;
/** Of 16 bytes or more. */
const HEX = /\b(?:[0-9a-f]{2}){16,}\b/g;
const TIME = /\d{4}-\d\d-\d\dT[\d:.]+(?:Z|\+00:00)/g;
const MINUTE_MS = 60_000;

function withoutChance(value: unknown, numbers: Map<string, string>): unknown {
  const numbered = (kind: string, text: string) => {
    const number = numbers.get(text) ?? `${kind} ${numbers.size + 1}`;
    numbers.set(text, number);
    return number;
  };
  if (value instanceof Date) {
    return toMinutes(value);
  }
  if (value instanceof Uint8Array) return numbered("bytes", value.toHex());
  if (typeof value === "string") {
    return value.replace(UUID, (id) => numbered("id", id))
      .replace(HEX, (hex) => numbered("bytes", hex))
      .replace(TIME, (time) => toMinutes(new Date(time)));
  }
  if (typeof value === "number") return Math.round(value * 100) / 100;
  if (Array.isArray(value)) return value.map((item) => withoutChance(item, numbers));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, withoutChance(item, numbers)]),
  );
}

function toMinutes(time: Date): string {
  return `in ${Math.round((time.getTime() - Date.now()) / MINUTE_MS)} minutes`;
}
