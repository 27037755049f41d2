/**
 * Tables in Markdown, and figures as a person reads them.
 *
 * @module
 */

/** A table whose first column is text and whose others are figures. */
export function formatTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const rule = header.map((_, index) => index === 0 ? "---" : "---:");
  return [line(header), line(rule), ...rows.map(line)].join("\n");
}

/** Three digits that count, with commas between thousands; a dash for what was not measured. */
export function formatFigure(value: number | undefined): string {
  if (value === undefined || !Number.isFinite(value)) return "–";
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString("en-GB", {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}
