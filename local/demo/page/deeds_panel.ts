/**
 * The list of deeds with their buttons, and what came of each.
 *
 * @module
 */

import type { Deed } from "./deeds.ts";
import { find, make, say } from "./dom.ts";

export interface DeedsPanel {
  /** A deed needs a session to be done to. */
  enable(enabled: boolean): void;
}

export function createDeedsPanel(deeds: readonly Deed[], onDone: () => void): DeedsPanel {
  const list = find("deeds", HTMLUListElement);
  const buttons: HTMLButtonElement[] = [];
  let busy = false;
  let allowed = false;

  const refresh = (): void => {
    for (const button of buttons) button.disabled = busy || !allowed;
  };

  for (const deed of deeds) {
    const told = make("p", { className: "told", hidden: true, role: "status" });
    const button = make("button", { type: "button" }, deed.name);
    button.addEventListener("click", async () => {
      busy = true;
      refresh();
      told.hidden = false;
      say(told, "\u2026");
      try {
        say(told, `Here: ${await deed.run()}`);
      } catch (error: unknown) {
        say(told, error instanceof Error ? error.message : "It could not be done.");
      } finally {
        busy = false;
        refresh();
        onDone();
      }
    });
    buttons.push(button);
    list.append(make("li", {}, button, make("p", {}, `Elsewhere: ${deed.elsewhere}`), told));
  }
  refresh();
  return {
    enable(enabled) {
      allowed = enabled;
      refresh();
    },
  };
}
