/**
 * The logbook: cached entries at once, the server's when they come, and a form that can only be sent
 * while the session is verified.
 *
 * @module
 */

import { createReadCache } from "../../../client/src/cache.ts";
import { clockTime } from "./clock_time.ts";
import type { AuthClient } from "../../../client/src/index.ts";
import { find, make, say } from "./dom.ts";

interface Entry {
  readonly text: string;
  readonly at: string;
}

export interface LogbookPanel {
  load(): Promise<void>;
  /** For another user: nothing of the one before stays, and no answer to them comes late. */
  empty(): void;
  render(state: { readonly canMutate: boolean }): void;
}

export function createLogbookPanel(auth: AuthClient): LogbookPanel {
  const list = find("notes", HTMLUListElement);
  const form = find("note-form", HTMLFormElement);
  const input = find("note", HTMLInputElement);
  const add = find("note-add", HTMLButtonElement);
  const hint = find("note-hint", HTMLParagraphElement);
  const problem = find("note-problem", HTMLParagraphElement);

  const show = (entries: readonly Entry[]): void => {
    list.replaceChildren(...entries.map(({ text, at }) =>
      make(
        "li",
        {},
        make("span", {}, text),
        make("time", { dateTime: at }, clockTime(new Date(at))),
      )
    ));
  };

  const cache = createReadCache(auth);
  /** Since when the entries on the screen were not confirmed; null when they were. */
  let cachedAt: number | null = null;
  /** Counts the users whose entries are shown. */
  let turn = 0;

  const ask = async (init?: RequestInit): Promise<readonly Entry[]> => {
    const reply = await auth.fetch("/demo/entries", init);
    const entries = readEntries(await reply.json());
    if (entries === null) throw new Error(`Cannot read the entries: status ${reply.status}`);
    return entries;
  };

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const text = input.value.trim();
    if (text === "") return;
    const mine = turn;
    say(problem, "");
    try {
      const entries = await ask({
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ text }),
      });
      if (mine !== turn) return;
      show(entries);
      input.value = "";
    } catch (error: unknown) {
      if (mine !== turn) return;
      say(problem, error instanceof Error ? error.message : "The entry was not sent.");
    }
  });

  return {
    async load() {
      const mine = turn;
      list.ariaBusy = "true";
      const read = await cache.read("entries", ask).catch(() => null);
      if (mine !== turn) return;
      cachedAt = read?.cachedAt ?? null;
      if (read !== null) show(read.value); // nothing was kept: the list stays as it is
      list.ariaBusy = "false";
    },
    empty() {
      turn++;
      cachedAt = null;
      show([]);
      list.ariaBusy = "false";
      say(problem, "");
      input.value = "";
    },
    render({ canMutate }) {
      add.disabled = !canMutate;
      const kept = cachedAt === null ? "" : ` Entries as of ${clockTime(new Date(cachedAt))}.`;
      say(
        hint,
        canMutate ? kept : `Reading only, until the server has confirmed the session.${kept}`,
      );
    },
  };
}

function readEntries(body: unknown): readonly Entry[] | null {
  if (typeof body !== "object" || body === null || !("entries" in body)) return null;
  return Array.isArray(body.entries) ? body.entries.filter(isEntry) : null;
}

function isEntry(value: unknown): value is Entry {
  return typeof value === "object" && value !== null && "text" in value && "at" in value &&
    typeof value.text === "string" && typeof value.at === "string";
}
