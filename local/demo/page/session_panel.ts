/**
 * The session as the client sees it now: the status in the header and the facts of the panel.
 *
 * @module
 */

import type { SessionSnapshot } from "../../../client/src/snapshot.ts";
import { find, make, say } from "./dom.ts";

const STATUS: Readonly<Record<SessionSnapshot["status"], string>> = {
  "unknown": "Not started",
  "restoring": "Asking the server",
  "active": "Signed in",
  "degraded": "In doubt, still here",
  "expired": "Session over",
  "signed-out": "Signed out",
};

const ACTIVITY: Readonly<Record<SessionSnapshot["activity"], string>> = {
  "idle": "nothing to do",
  "validating": "asking",
  "refreshing": "refreshing",
  "waiting-peer": "another tab asks",
  "backing-off": "waiting to try again",
};

export interface SessionPanel {
  render(snapshot: SessionSnapshot, now: number): void;
  /** Which tab fetched the tokens that this one uses. */
  tellSource(source: "self" | "peer"): void;
}

export function createSessionPanel(): SessionPanel {
  const status = find("status", HTMLParagraphElement);
  const facts = find("facts", HTMLDListElement);
  const shown = new Map<string, HTMLElement>();
  let role = "this tab";

  const tell = (name: string, value: string): void => {
    let place = shown.get(name);
    if (place === undefined) {
      place = make("dd");
      facts.append(make("div", {}, make("dt", {}, name), place));
      shown.set(name, place);
    }
    say(place, value);
  };

  return {
    tellSource(source) {
      role = source === "self" ? "this tab" : "another tab";
    },
    render(snapshot, now) {
      status.dataset["status"] = snapshot.status;
      say(status, STATUS[snapshot.status]);
      tell("Access token", countdown(snapshot.accessExpiresAt, now));
      tell("Session", countdown(snapshot.sessionEndsAt, now));
      tell("Generation", snapshot.generation === 0 ? "–" : String(snapshot.generation));
      tell("The client is", ACTIVITY[snapshot.activity]);
      tell("Verified", snapshot.sessionVerified ? "yes" : "no");
      tell("May write", snapshot.canMutate ? "yes" : "no");
      tell("Network", snapshot.offline ? "offline" : "online");
      tell("Last asked by", role);
      tell("Failures in a row", String(snapshot.failures));
    },
  };
}

function countdown(endsAt: number | null, now: number): string {
  if (endsAt === null) return "–";
  const seconds = Math.round((endsAt - now) / 1000);
  if (seconds <= 0) return "over";
  const days = Math.floor(seconds / 86_400);
  if (days > 1) return `${days} days`;
  const minutes = Math.floor(seconds / 60);
  return minutes >= 60
    ? `${Math.floor(minutes / 60)} h ${minutes % 60} min`
    : `${minutes} min ${String(seconds % 60).padStart(2, "0")} s`;
}
