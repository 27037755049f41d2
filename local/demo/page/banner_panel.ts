/**
 * The banner above the app: a warning that counts down, or the end of the session with its reason. It
 * never takes the page away.
 *
 * @module
 */

import type { Reason, SessionSnapshot } from "../../../client/src/snapshot.ts";
import type { DemoSession } from "./demo_session.ts";
import { find, make } from "./dom.ts";

const REASONS: Readonly<Partial<Record<Reason, string>>> = {
  "revoked": "it was signed out elsewhere",
  "evicted": "it made room for a newer device",
  "expired": "it had not been used for too long",
  "reused": "a copy of its token was used somewhere else",
  "banned": "this user may not sign in any more",
  "not-found": "the server does not know it any more",
};

export interface BannerPanel {
  render(snapshot: SessionSnapshot): void;
}

export function createBannerPanel(session: DemoSession): BannerPanel {
  const banner = find("banner", HTMLDivElement);
  let shown = "";

  const show = (kind: string, text: string, ...actions: readonly HTMLElement[]): void => {
    const key = `${kind} ${text}`;
    if (key === shown) return;
    shown = key;
    banner.dataset["kind"] = kind;
    banner.setAttribute("role", kind === "expired" ? "alert" : "status");
    banner.replaceChildren(
      make("p", {}, text),
      make("div", { className: "actions" }, ...actions),
    );
    banner.hidden = kind === "none";
  };

  return {
    render({ status, reason, warning }) {
      if (status === "expired") {
        const why = (reason && REASONS[reason]) ?? "the server says so";
        show(
          "expired",
          `This session is over: ${why}. What is on the screen stays; sign in again to go on.`,
        );
      } else if (warning) {
        const text = warning.kind === "session-ending"
          ? `This session ends in ${warning.minutesLeft} min.`
          : `The server cannot be reached. Writing works for ${warning.minutesLeft} min more.`;
        show(
          "warning",
          text,
          button("Stay signed in", () => void session.extend()),
          button("Close", () => session.dismissWarning()),
        );
      } else {
        show("none", "");
      }
    },
  };
}

function button(name: string, onClick: () => void): HTMLButtonElement {
  const made = make("button", { type: "button" }, name);
  made.addEventListener("click", onClick);
  return made;
}
