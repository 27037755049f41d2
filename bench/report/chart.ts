/**
 * Draws bars as SVG: a panel for each group, each with a scale of its own, readable on a light page and
 * on a dark one.
 *
 * @module
 */

import type { Figures } from "../measure.ts";
import { type Group, type GroupRow, GROUPS } from "./labels.ts";
import { formatFigure } from "./table.ts";

const WIDTH = 820;
const LABEL_WIDTH = 250;
const VALUE_WIDTH = 90;
const BAR_HEIGHT = 16;
const ROW_HEIGHT = 24;
const TITLE_HEIGHT = 44;
const LEGEND_HEIGHT = 36;

const LEGEND: readonly (readonly [GroupRow["kind"], string])[] = [
  ["ours", "Unified Auth"],
  ["floor", "the floor beneath it"],
  ["peer", "peers"],
];

const STYLE = `
  text { font: 13px system-ui, sans-serif; fill: #24292f; }
  .title { font-weight: 600; font-size: 14px; }
  .ours { fill: #1a7f37; } .floor { fill: #8c959f; } .peer { fill: #bc4c00; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .ours { fill: #3fb950; } .floor { fill: #6e7681; } .peer { fill: #f0883e; }
  }`;

/** Requests a second at 16 connections. What was not measured has no bar. */
export function drawChart(figures: Figures): string {
  let top = LEGEND_HEIGHT;
  const panels = GROUPS.map((group) => {
    const panel = drawPanel(group, { figures, top });
    top += TITLE_HEIGHT + group.rows.length * ROW_HEIGHT;
    return panel;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${top + 12}" role="img"`,
    `  aria-label="Requests a second at 16 connections">`,
    `<style>${STYLE}\n</style>`,
    drawLegend(),
    ...panels,
    "</svg>\n",
  ].join("\n");
}

function drawLegend(): string {
  const unit = `<text x="${WIDTH - 12}" y="24" text-anchor="end">requests a second</text>`;
  const colours = LEGEND.map(([kind, label], index) => {
    const left = 12 + index * 180;
    return `<rect class="${kind}" x="${left}" y="12" width="14" height="14" rx="2"/>` +
      `<text x="${left + 20}" y="24">${escapeText(label)}</text>`;
  });
  return [...colours, unit].join("\n");
}

function drawPanel(
  { title, rows }: Group,
  { figures, top }: { readonly figures: Figures; readonly top: number },
): string {
  const rates = rows.map(({ row }) => figures[`${row}/c16`]?.["requestsPerSecond"]);
  const largest = Math.max(1, ...rates.filter((rate) => rate !== undefined));
  const room = WIDTH - LABEL_WIDTH - VALUE_WIDTH;
  const bars = rows.map(({ label, kind }, index) => {
    const rate = rates[index];
    const width = rate === undefined ? 0 : Math.max(1, rate / largest * room);
    const y = top + TITLE_HEIGHT + index * ROW_HEIGHT;
    const baseline = y + BAR_HEIGHT - 4;
    return `<text x="${LABEL_WIDTH - 10}" y="${baseline}" text-anchor="end">${
      escapeText(label)
    }</text>` +
      `<rect class="${kind}" x="${LABEL_WIDTH}" y="${y}" width="${width.toFixed(1)}"` +
      ` height="${BAR_HEIGHT}" rx="2"/>` +
      `<text x="${(LABEL_WIDTH + width + 8).toFixed(1)}" y="${baseline}">${
        formatFigure(rate)
      }</text>`;
  });
  const heading = `<text class="title" x="12" y="${top + TITLE_HEIGHT - 14}">${
    escapeText(title)
  }</text>`;
  return [heading, ...bars].join("\n");
}

function escapeText(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
