/**
 * The event log: what the client did and when, newest first.
 *
 * @module
 */

import { clockTime } from "./clock_time.ts";
import { find, make } from "./dom.ts";
import type { EventWords } from "./event_words.ts";

const MAX_ENTRIES = 100;

export interface LogPanel {
  /** `event` is the name by which an app would listen. */
  add(event: string, words: EventWords): void;
}

export function createLogPanel(): LogPanel {
  const list = find("log", HTMLOListElement);
  return {
    add(event, { tone, what, detail }) {
      const at = new Date();
      const entry = make(
        "li",
        {},
        make("time", { dateTime: at.toISOString() }, clockTime(at)),
        make(
          "p",
          {},
          make("strong", {}, what),
          make("span", {}, make("code", {}, event), ` ${detail}`),
        ),
      );
      entry.dataset["tone"] = tone;
      list.prepend(entry);
      while (list.childElementCount > MAX_ENTRIES) list.lastElementChild?.remove();
    },
  };
}
