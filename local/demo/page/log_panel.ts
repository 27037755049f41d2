/**
 * The event log: what the client did and when, newest first.
 *
 * @module
 */

import { find, make } from "./dom.ts";

const MAX_ENTRIES = 100;

export interface LogPanel {
  add(event: string, detail: unknown): void;
}

export function createLogPanel(): LogPanel {
  const list = find("log", HTMLOListElement);
  return {
    add(event, detail) {
      const at = new Date();
      list.prepend(make(
        "li",
        {},
        make("time", { dateTime: at.toISOString() }, at.toLocaleTimeString()),
        make("span", {}, event),
        make("span", {}, describe(detail)),
      ));
      while (list.childElementCount > MAX_ENTRIES) list.lastElementChild?.remove();
    },
  };
}

function describe(detail: unknown): string {
  if (typeof detail !== "object" || detail === null) return "";
  return Object.entries(detail)
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([name, value]) => `${name} ${typeof value === "number" ? Math.round(value) : value}`)
    .join(", ");
}
