/**
 * The tables of docs/scaling.md.
 *
 * @module
 */

import { formatFigure, formatTable } from "../report/table.ts";
import { PEOPLE, PERSON_KINDS } from "../simulation/people.ts";
import type { DailyTraffic, SimulatedDay } from "../simulation/simulate.ts";
import { type ComputeSize, smallestWith } from "./compute_sizes.ts";
import type { Measured } from "./measured.ts";
import { ASSUMPTIONS, ASSUMPTIONS_SAY, type Reckoning } from "./reckon.ts";

export function reportTraffic({ ofKind, average, peakFactor, browsers }: SimulatedDay): string {
  const cells = ({ validates, refreshes, autoRefreshes, writingValidates }: DailyTraffic) => [
    formatFigure(validates - autoRefreshes),
    formatFigure(writingValidates),
    formatFigure(refreshes),
    formatFigure(autoRefreshes),
    formatFigure(validates + refreshes),
  ];
  return [
    formatTable(
      [
        "a browser's day",
        "of 100",
        "validates",
        "of them write",
        "refreshes",
        "auto-refreshes",
        "requests",
      ],
      [
        ...PERSON_KINDS.map((kind) => [
          `${kind}: ${PEOPLE[kind].says}`,
          String(PEOPLE[kind].ofHundred),
          ...cells(ofKind[kind]),
        ]),
        ["**all of them**", "100", ...cells(average)],
      ],
    ),
    `Means of ${
      formatCount(browsers)
    } simulated browsers. In the busiest quarter of an hour, when ` +
    `all live in one time zone, there are ${
      formatFigure(peakFactor)
    } times as many requests as on ` +
    `average.`,
  ].join("\n\n");
}

export function reportCostsOfOne(measured: Measured): string {
  const { readingValidate, writingValidate, refresh, functionCpuUs } = measured;
  return formatTable(["measured", "database CPU µs", "alone, ms", "WAL bytes"], [
    ["validate that only reads", ...figures(readingValidate), "0"],
    ["validate that writes activity", ...figures(writingValidate), whole(writingValidate.walBytes)],
    ["refresh", ...figures(refresh), whole(refresh.walBytes)],
    ["a page's first change after a checkpoint", "", "", `+ ${whole(measured.fullPageBytes)}`],
    ["the same with `wal_compression`", "", "", `+ ${whole(measured.compressedFullPageBytes)}`],
  ]) + `\n\nA session takes ${whole(measured.sessionBytes)} bytes with its indexes, an event ` +
    `${
      whole(measured.eventBytes)
    }. In the function itself, with the default store and an ES256 key, a ` +
    `validate takes ${whole(functionCpuUs.validate)} µs of CPU with a token that is new to the ` +
    `process, a refresh ${whole(functionCpuUs.refresh)}, a validate that refreshes ` +
    `${whole(functionCpuUs.autoRefresh)}, a login ${whole(functionCpuUs.login)}.`;
}

function figures(
  { databaseCpuUs, databaseMs }: Measured["readingValidate"],
): readonly string[] {
  return [formatFigure(databaseCpuUs), formatFigure(databaseMs)];
}

export function reportAssumptions(): string {
  const names = Object.keys(ASSUMPTIONS) as (keyof typeof ASSUMPTIONS)[];
  return formatTable(
    ["assumed", ""],
    names.map((name) => [ASSUMPTIONS_SAY[name], String(ASSUMPTIONS[name])]),
  );
}

/** What each number of daily users costs, and which compute size is the first to offer it. */
export function reportUsers(reckonings: readonly Reckoning[]): string {
  const row = (what: string, value: (of: Reckoning) => string) => [what, ...reckonings.map(value)];
  const sized = (
    what: string,
    resource: Parameters<typeof smallestWith>[0],
    need: (of: Reckoning) => number,
  ) =>
    row(
      what,
      (of) => `${formatCount(need(of))} → ${nameOf(smallestWith(resource, need(of)))}`,
    );
  return formatTable(
    ["daily users", ...reckonings.map(({ dailyUsers }) => formatCount(dailyUsers))],
    [
      row("function invocations a day", (of) => formatCount(of.invocations)),
      row("database transactions a day", (of) => formatCount(of.transactions)),
      row("of them write", (of) => formatCount(of.writes)),
      row("requests a second at the peak", (of) => formatCount(of.peakRequestsPerSecond)),
      row("cores busy with the functions", (of) => formatCount(of.functionCores)),
      row("connections busy, on average", (of) => formatCount(of.busyConnections)),
      sized(
        "cores, half of them busy at the peak",
        "cores",
        (of) => of.databaseCores / ASSUMPTIONS.busyShare,
      ),
      sized("writes a second at the peak, an I/O each", "iops", (of) => of.peakWritesPerSecond),
      row("sessions, dead ones included", (of) => formatCount(of.sessions)),
      row("their table and indexes, GB", (of) => formatCount(of.sessionGb)),
      row("events a day", (of) => formatCount(of.events)),
      row("events kept, GB", (of) => formatCount(of.eventGb)),
      sized("disk, GB", "diskGb", (of) => of.sessionGb + of.eventGb),
      row("WAL a day, GB", (of) => formatCount(of.walGbADay)),
    ],
  );
}

function nameOf(size: ComputeSize | undefined): string {
  return size?.name ?? "**none**";
}

/** One change at a time, against the first row. */
export function reportLevers(
  levers: readonly { readonly what: string; readonly reckonings: readonly Reckoning[] }[],
): string {
  const [first] = levers;
  const numbers = first?.reckonings.map(({ dailyUsers }) => formatCount(dailyUsers)) ?? [];
  return formatTable(
    ["with", ...numbers.flatMap((users) => [`${users}: cores`, "disk GB", "WAL GB a day"])],
    levers.map(({ what, reckonings }) => [
      what,
      ...reckonings.flatMap((of) => [
        formatCount(of.databaseCores / ASSUMPTIONS.busyShare),
        formatCount(of.sessionGb + of.eventGb),
        formatCount(of.walGbADay),
      ]),
    ]),
  );
}

function whole(value: number): string {
  return Math.round(value).toLocaleString("en-GB");
}

/** Two digits that count: a reckoning has no more. */
export function formatCount(value: number): string {
  const rounded = Number(value.toPrecision(2));
  const [unit, name] = rounded >= 1e9
    ? [1e9, " billion"]
    : rounded >= 1e6
    ? [1e6, " million"]
    : [1, ""];
  return `${(rounded / unit).toLocaleString("en-GB", { maximumSignificantDigits: 2 })}${name}`;
}
