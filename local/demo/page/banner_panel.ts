/**
 * The banner above the app: a warning that counts down, or the end of the session with its reason. It
 * never takes the page away.
 *
 * @module
 */

import type {
  Reason,
  SessionSnapshot,
  SessionWarning,
} from "../../../client/src/state/snapshot.ts";
import type { AuthClient } from "../../../client/src/index.ts";
import { find, say } from "./dom.ts";

const REASONS: Readonly<Partial<Record<Reason, string>>> = {
  "revoked": "it was signed out on another device",
  "evicted": "a newer device took its place",
  "expired": "it had not been used for too long",
  "reused": "a copy of its token was used somewhere else",
  "key-lost": "this browser has lost its key to it",
  "banned": "this user may not sign in any more",
  "not-found": "the server does not know it any more",
};

export interface BannerPanel {
  render(snapshot: SessionSnapshot): void;
}

export function createBannerPanel(auth: AuthClient): BannerPanel {
  const banner = find("banner", HTMLDivElement);
  const warned = find("warning", HTMLParagraphElement);
  const ended = find("ended", HTMLParagraphElement);
  const actions = find("warning-actions", HTMLDivElement);
  const main = find("main", HTMLElement);
  find("warning-extend", HTMLButtonElement)
    .addEventListener("click", () => void auth.refresh());
  find("warning-close", HTMLButtonElement)
    .addEventListener("click", () => auth.dismissWarning());

  return {
    render({ status, reason, warning }) {
      const hasEnded = status === "ended";
      const isWarning = !hasEnded && warning !== null;
      banner.dataset["kind"] = hasEnded ? "ended" : isWarning ? "warning" : "none";
      say(ended, hasEnded ? endText(reason) : "");
      say(warned, isWarning ? warningText(warning) : "");
      // Somebody at the keyboard would go on from the top of the page otherwise.
      if (!isWarning && actions.contains(document.activeElement)) main.focus();
      actions.hidden = !isWarning;
    },
  };
}

function endText(reason: Reason | null): string {
  const why = (reason && REASONS[reason]) ?? "the server says so";
  return `This session has ended: ${why}. The page stays as it is; sign in again to go on.`;
}

function warningText({ kind, minutesLeft }: SessionWarning): string {
  return kind === "session-ending"
    ? `This session ends in ${minutesLeft} min.`
    : `The server cannot be reached. Writing works for ${minutesLeft} min more.`;
}
