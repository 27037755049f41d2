/**
 * The figures of a soak as Markdown tables, for a terminal and for the docs alike.
 *
 * @module
 */

import type { Counts } from "./ledger.ts";
import type { Figures } from "./soak.ts";

export function renderFigures(figures: Figures): string {
  const { requests, deferred, events, boundThefts } = figures;
  return [
    table("figure", {
      "seconds": figures.seconds,
      "requests of honest browsers": requests["honest"] ?? 0,
      "requests of thieves and those they steal from": requests["thief"] ?? 0,
      "bad inputs tried": requests["bad inputs"] ?? 0,
      "of these refused as documented, the rest deferred by an outage": figures.badInputsRefused,
      "requests deferred by an outage (503) and asked again": deferred["503"] ?? 0,
      "replies lost on the way and asked for again": deferred["lost"] ?? 0,
      "logins": events["login"] ?? 0,
      "refreshes": (events["refresh"] ?? 0) + (events["auto_refresh"] ?? 0),
      "replays and re-issues: a lost or doubled refresh made good": (events["replay"] ?? 0) +
        (events["reissue"] ?? 0),
      "sessions held to the end": figures.sessionsHeld,
      "**sessions lost**": figures.sessionsLost,
      "**honest logouts**": figures.honestLogouts,
      "**thefts from sessions without a key**": figures.theftsStarted,
      "**of these found within two cycles**": figures.theftsFound,
      "**thefts from bound sessions in use**": boundThefts["started"] ?? 0,
      "requests of these thieves": boundThefts["requests"] ?? 0,
      "recorded requests answered again within their minute": boundThefts[
        "recorded, answered in time"
      ] ?? 0,
      "**successors in a thief's hand**": boundThefts["successors"] ?? 0,
    }),
    table("fault", figures.faults),
    table("outage, as the functions' log has it", figures.outages),
    table("bad input", figures.badInputs),
  ].join("\n\n");
}

function table(heading: string, counts: Counts): string {
  const rows = Object.entries(counts).map(([name, count]) => [name, count.toLocaleString("en")]);
  const all = [[heading, "count"], ...rows];
  const width = (column: number) => Math.max(...all.map((row) => row[column]?.length ?? 0));
  const line = ([name = "", count = ""]: readonly string[]) =>
    `| ${name.padEnd(width(0))} | ${count.padStart(width(1))} |`;
  const rule = `| ${"-".repeat(width(0))} | ${"-".repeat(width(1) - 1)}: |`;
  return [line(all[0] ?? []), rule, ...rows.map(line)].join("\n");
}
