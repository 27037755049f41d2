/**
 * The session as the client sees it now: the status in the header, the time left to the access
 * token, and the facts of the panel.
 *
 * @module
 */

import type { SessionSnapshot } from "../../../client/src/state/snapshot.ts";
import { duration } from "./clock_time.ts";
import { find, make, say } from "./dom.ts";

const STATUS: Readonly<Record<SessionSnapshot["status"], string>> = {
  "unknown": "Not started",
  "restoring": "Checking",
  "active": "Signed in",
  "degraded": "Not verified, still here",
  "ended": "Session ended",
  "signed-out": "Signed out",
};

const ACTIVITY: Readonly<Record<SessionSnapshot["activity"], string>> = {
  "idle": "idle",
  "validating": "validating",
  "refreshing": "refreshing",
  "waiting-peer": "waiting for another tab",
  "backing-off": "backing off",
};

const ROLE = { self: "refreshes for all tabs", peer: "follows another tab" } as const;

export interface SessionPanel {
  render(snapshot: SessionSnapshot, now: number): void;
  /** Which tab fetched the tokens that this one uses. */
  tellSource(source: "self" | "peer"): void;
}

export function createSessionPanel(): SessionPanel {
  const status = find("status", HTMLParagraphElement);
  const left = find("token-left", HTMLParagraphElement);
  const bar = find("token-bar", HTMLProgressElement);
  const facts = find("facts", HTMLDListElement);
  const shown = new Map<string, HTMLElement>();
  let role: keyof typeof ROLE = "self";

  const show = (name: string, value: string, tone?: "good" | "waiting"): void => {
    let place = shown.get(name);
    if (place === undefined) {
      place = make("dd");
      facts.append(make("div", {}, make("dt", {}, name), place));
      shown.set(name, place);
    }
    say(place, value);
    place.dataset["tone"] = tone ?? "";
  };

  const showTimeLeft = (endsAt: number | null, now: number): void => {
    const leftMs = endsAt === null ? 0 : endsAt - now;
    say(left, endsAt === null ? "\u2013" : leftMs > 0 ? duration(leftMs) : "expired");
    // The first look at a token finds it whole, or nearly.
    bar.max = Math.max(leftMs, endsAt === null ? 1 : bar.max);
    bar.value = Math.max(0, leftMs);
    bar.dataset["low"] = String(leftMs < bar.max / 6);
  };

  return {
    tellSource(source) {
      role = source;
    },
    render(snapshot, now) {
      const { generation, sessionEndsAt, sessionVerified, canMutate, offline, failures } = snapshot;
      status.dataset["status"] = snapshot.status;
      say(status, STATUS[snapshot.status]);
      showTimeLeft(snapshot.accessExpiresAt, now);
      show("Generation", generation === 0 ? "\u2013" : String(generation));
      show("Session ends in", sessionEndsAt === null ? "\u2013" : duration(sessionEndsAt - now));
      show("This tab", generation === 0 ? "\u2013" : ROLE[role]);
      show("The client is", ACTIVITY[snapshot.activity]);
      show("Verified", sessionVerified ? "yes" : "no", sessionVerified ? "good" : "waiting");
      show("May write", canMutate ? "yes" : "no", canMutate ? "good" : "waiting");
      show("Network", offline ? "offline" : "online", offline ? "waiting" : "good");
      show("Failures in a row", String(failures), failures > 0 ? "waiting" : undefined);
    },
  };
}
