/**
 * The client's events in words: what happened, a detail, and whether that is good news.
 *
 * @module
 */

import type { SessionEvents } from "../../../client/src/index.ts";
import { duration } from "./clock_time.ts";

export interface EventWords {
  readonly tone: "good" | "waiting" | "bad" | "plain";
  readonly what: string;
  readonly detail: string;
}

type Logged = Omit<SessionEvents, "state">;

const TRIGGERS: Readonly<Record<SessionEvents["recovery"]["trigger"], string>> = {
  "start": "as the page was opened",
  "tick": "as it was due",
  "visibility": "on the return to the tab",
  "focus": "on the return to the window",
  "pageshow": "on the way back to the page",
  "resume": "as the tab was thawed",
  "online": "as the network came back",
  "suspended": "after a sleep",
  "manual": "as a button asked for it",
  "token": "for an access token",
  "fetch": "for a waiting call",
  "unauthorized": "as a call was refused",
  "sign-in": "for a sign-in",
  "sign-out": "for a sign-out",
};

const WORDS: { readonly [Name in keyof Logged]: (detail: Logged[Name]) => EventWords } = {
  "recovery": recoveryWords,
  "session-refreshed": ({ generation, source }) =>
    words("good", `Fresh access token, generation ${generation}`, bySource(source)),
  "signed-in": ({ source }) => words("good", "Signed in", bySource(source)),
  "signed-out": ({ source }) => words("plain", "Signed out", bySource(source)),
  "session-ended": ({ reason }) => words("bad", "Session ended", reason ?? ""),
  "session-warning": ({ kind, minutesLeft }) =>
    words("waiting", "Warned", `${kind}, ${minutesLeft} min left`),
  "session-warning-cleared": ({ kind }) => words("good", "Warning cleared", kind),
  "user-changed": () => words("plain", "Another person signed in", ""),
  "suspended": ({ elapsedMs }) =>
    words("waiting", `Slept for ${duration(elapsedMs)}`, "found by a gap in the heartbeat"),
  "offline": () => words("waiting", "Offline", "nothing is written, nothing is lost"),
  "online": () => words("good", "Online again", ""),
  "queue": ({ size, flushed, rejected }) => {
    if (rejected > 0) return words("bad", `${calls(rejected)} rejected`, "");
    if (flushed > 0) return words("good", `${calls(flushed)} went out`, "after the answer");
    return words("waiting", `${calls(size)} waiting`, "until the server answers");
  },
};

export const LOGGED = Object.keys(WORDS) as readonly (keyof Logged)[];

export function describeEvent<Name extends keyof Logged>(
  name: Name,
  detail: Logged[Name],
): EventWords {
  return WORDS[name](detail);
}

function recoveryWords(
  { trigger, action, outcome, cause, durationMs }: SessionEvents["recovery"],
): EventWords {
  const detail = `${TRIGGERS[trigger]}, ${Math.round(durationMs)} ms`;
  switch (outcome) {
    case "valid":
      return words("plain", action === "refresh" ? "Refreshed" : "Asked: still signed in", detail);
    case "done":
      return words("plain", "The server knows of the sign-out", detail);
    case "rejected":
      return words("bad", "The server refused", detail);
    case "busy":
      return words("waiting", "The server asked to wait", detail);
    case "unavailable":
      return words("waiting", `No answer: ${cause ?? "unknown"}`, detail);
    default:
      return outcome satisfies never;
  }
}

function words(tone: EventWords["tone"], what: string, detail: string): EventWords {
  return { tone, what, detail };
}

function bySource(source: "self" | "peer"): string {
  return source === "self" ? "by this tab" : "by another tab";
}

function calls(count: number): string {
  return count === 1 ? "1 call" : `${count} calls`;
}
