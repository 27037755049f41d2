/**
 * Rows as an aligned table for a terminal. Knows values, not what they mean.
 *
 * @module
 */

import { plainText } from "./plain_text.ts";

/** A result as the database gives it: values by column, in the order of the columns. */
export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly Readonly<Record<string, unknown>>[];
}

/** A user agent or a message would push the other columns off the screen. */
const MAX_CELL_WIDTH = 48;

/** Lines without an end of line; columns of numbers are aligned to the right. */
export function formatTable({ columns, rows }: Table): string {
  const cells = rows.map((row) => columns.map((column) => formatCell(row[column])));
  const layout = columns.map((column, index) => ({
    width: Math.max(column.length, ...cells.map((line) => line[index]?.length ?? 0)),
    toRight: rows.length > 0 &&
      cells.every((line) => /^(-?\d+(\.\d+)?)?$/.test(line[index] ?? "")),
  }));
  const formatLine = (line: readonly string[]) =>
    layout
      .map(({ width, toRight }, index) =>
        toRight ? (line[index] ?? "").padStart(width) : (line[index] ?? "").padEnd(width)
      )
      .join("  ")
      .trimEnd();
  return [
    formatLine(columns),
    layout.map(({ width }) => "-".repeat(width)).join("  "),
    ...cells.map(formatLine),
    `(${rows.length} ${rows.length === 1 ? "row" : "rows"})`,
  ].join("\n");
}

function formatCell(value: unknown): string {
  if (value === null || value === undefined) return "";
  const text = value instanceof Date
    ? value.toISOString().replace("T", " ").replace(/\.\d+Z$/, "Z")
    : String(value);
  return plainText(text, MAX_CELL_WIDTH);
}
