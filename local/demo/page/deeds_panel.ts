/**
 * The list of deeds with their buttons, and what came of each: elsewhere, and here.
 *
 * @module
 */

import type { Deed } from "./deeds.ts";
import { find, make, say } from "./dom.ts";

export interface DeedsPanel {
  /** A deed needs a session to be done to. */
  enable(enabled: boolean): void;
}

export function createDeedsPanel(
  deeds: readonly Deed[],
  { isSignedIn, onDone }: { readonly isSignedIn: () => boolean; readonly onDone: () => void },
): DeedsPanel {
  const list = find("deeds", HTMLUListElement);
  const hint = find("deeds-hint", HTMLParagraphElement);
  const buttons: HTMLButtonElement[] = [];
  let busy = false;
  let allowed = false;

  const refresh = (): void => {
    // Not disabled: a button that is keeps no focus, and somebody at the keyboard would lose the place.
    for (const button of buttons) button.setAttribute("aria-disabled", String(busy || !allowed));
    say(hint, allowed || busy ? "Press one, and compare." : "Sign in first.");
  };

  for (const deed of deeds) {
    const here = make("p", { role: "status" });
    const button = make("button", { type: "button" }, deed.name);
    const item = make(
      "li",
      {},
      button,
      make(
        "dl",
        {},
        make(
          "div",
          { className: "elsewhere" },
          make("dt", {}, "Elsewhere"),
          make("dd", {}, deed.elsewhere),
        ),
        make("div", { className: "here" }, make("dt", {}, "Here"), make("dd", {}, here)),
      ),
    );
    button.addEventListener("click", async () => {
      if (busy || !allowed) return;
      busy = true;
      refresh();
      item.dataset["result"] = "running";
      say(here, "\u2026");
      try {
        say(here, await deed.run());
        item.dataset["result"] = isSignedIn() ? "kept" : "ended";
      } catch (error: unknown) {
        say(here, error instanceof Error ? error.message : "It could not be done.");
        item.dataset["result"] = "failed";
      } finally {
        busy = false;
        refresh();
        onDone();
      }
    });
    buttons.push(button);
    list.append(item);
  }
  refresh();
  return {
    enable(enabled) {
      allowed = enabled;
      refresh();
    },
  };
}
