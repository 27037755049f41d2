/**
 * The list of scenarios with their buttons, and what came of each: without, and here.
 *
 * @module
 */

import type { Scenario } from "./scenarios.ts";
import { find, make, say } from "./dom.ts";

export interface ScenariosPanel {
  /** A scenario needs a session to be done to. */
  enable(enabled: boolean): void;
}

export function createScenariosPanel(
  scenarios: readonly Scenario[],
  { isSignedIn, onDone }: { readonly isSignedIn: () => boolean; readonly onDone: () => void },
): ScenariosPanel {
  const list = find("scenarios", HTMLUListElement);
  const hint = find("scenarios-hint", HTMLParagraphElement);
  const buttons: HTMLButtonElement[] = [];
  let busy = false;
  let allowed = false;

  const refresh = (): void => {
    // Not disabled: a button that is keeps no focus, and somebody at the keyboard would lose the place.
    for (const button of buttons) button.setAttribute("aria-disabled", String(busy || !allowed));
    say(hint, allowed || busy ? "Press one, and compare." : "Sign in first.");
  };

  for (const scenario of scenarios) {
    const here = make("p", { role: "status" });
    const button = make("button", { type: "button" }, scenario.name);
    const item = make(
      "li",
      {},
      button,
      make(
        "dl",
        {},
        make(
          "div",
          { className: "without" },
          make("dt", {}, "Without Unified Auth"),
          make("dd", {}, scenario.without),
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
        say(here, await scenario.run());
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
