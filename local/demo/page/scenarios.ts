/**
 * Scenarios that the page can play on purpose, by routes of the local stack and by the page's own clock
 * and network, each beside its outcome with the clients that others ship.
 *
 * @module
 */

import type { AuthClient } from "../../../client/src/index.ts";
import type { DemoEnvironment } from "./demo_environment.ts";

export interface Scenario {
  readonly name: string;
  /** The outcome without Unified Auth: measured, or read in the source of clients in use. */
  readonly without: string;
  /** Resolves with what happened here. */
  run(): Promise<string>;
}

const HOUR_MS = 3_600_000;

const LONGEST_WAIT_MS = 5_000;

/** A person clicks again a moment later; the client holds an earlier try back. */
const RETRY_MS = 1_500;

/** `readEntries` loads the page's data anew, as an app would. */
export function listScenarios(
  auth: AuthClient,
  demo: DemoEnvironment,
  readEntries: () => Promise<void>,
): readonly Scenario[] {
  const generation = () => auth.getSnapshot().generation;
  const standing = () => {
    const { status, reason } = auth.getSnapshot();
    return status === "active" ? "still signed in" : `${status}${reason ? ` (${reason})` : ""}`;
  };

  return [
    {
      name: "Sleep for two hours",
      without: "A timer stands still while a laptop sleeps: the first click after it gets a 401, " +
        "and many apps go to their sign-in page.",
      async run() {
        await playOnServer("sleep");
        await untilAsked(auth, () => demo.sleep(2 * HOUR_MS));
        return `The gap was noticed, one request was sent: ${standing()}, generation ${generation()}.`;
      },
    },
    {
      name: "Lose the next reply",
      without: "The server has rotated, the browser never learns: its retry with the old token " +
        "counts as theft, and every session of the user ends.",
      async run() {
        await playOnServer("an-hour");
        await playOnServer("lose-reply");
        const before = generation();
        await auth.refresh();
        const { failures } = auth.getSnapshot();
        await pause(RETRY_MS);
        await auth.refresh();
        return `The server rotated, ${failures} reply was lost. The retry got the same successor: ` +
          `${standing()}, generation ${before} became ${generation()}.`;
      },
    },
    {
      name: "Expire the access token",
      without: "Three calls fail at once with 401, three refreshes start, two of them lose.",
      async run() {
        await playOnServer("an-hour");
        const calls = Array.from({ length: 3 }, (_, index) =>
          auth.fetch("/demo/entries", {
            method: "POST",
            headers: { "content-type": "application/json" },
            body: JSON.stringify({ text: `Written with an expired token, call ${index + 1}` }),
          }));
        const statuses = (await Promise.all(calls)).map((reply) => reply.status);
        await readEntries();
        return `Three writes at once were refused, waited for one refresh and went out again: ` +
          `${statuses.join(", ")}, ${standing()}.`;
      },
    },
    {
      name: "Go offline, and come back",
      without:
        "A failed check is taken for \u201csigned out\u201d: the page is gone when the train leaves the tunnel.",
      async run() {
        demo.setOffline(true);
        await auth.check("manual");
        const meanwhile = standing();
        await readEntries();
        await pause(1_500);
        await untilAsked(auth, () => demo.setOffline(false));
        await readEntries();
        return `Offline: ${meanwhile}, the entries came from the cache. Back: ${standing()}.`;
      },
    },
    {
      name: "Let a thief use a copied cookie",
      without: "Where a used refresh token is accepted again for a while, owner and thief share " +
        "one session and nobody notices.",
      async run() {
        await playOnServer("an-hour");
        const { status, code } = await playOnServer("thief");
        await auth.refresh();
        return `The thief got nothing: ${status} ${code}, as the copy came without this browser's key. ` +
          `You: ${standing()}, generation ${generation()}.`;
      },
    },
    {
      name: "Lose the browser's key",
      without: "A session that is bound to a device ends with it, and the page with the session.",
      async run() {
        await deleteKey();
        await playOnServer("an-hour");
        await auth.refresh();
        return `The cookie stayed, the key is gone: ${standing()}. Nothing was ended on the server; ` +
          "sign in again in place.";
      },
    },
    {
      name: "Sign in on five more devices",
      without: "Sessions pile up without limit, or the oldest one ends and never says why.",
      async run() {
        await playOnServer("devices");
        await auth.check("manual");
        return `At most five stay signed in, the least recently active goes: ${standing()}.`;
      },
    },
  ];
}

/** Plays a scenario on the local stack, and resolves with its report. @throws {Error} If it refuses */
async function playOnServer(
  scenario: string,
): Promise<{ readonly status?: number; readonly code?: string }> {
  const reply = await fetch(`/demo/scenarios/${scenario}`, { method: "POST" });
  const done: { readonly status?: number; readonly code?: string } = await reply.json();
  if (!reply.ok) {
    throw new Error("Cannot do this now: sign in first, as a seeded user with the seeded password");
  }
  return done;
}

/** As Safari does after seven days without a visit: what scripts stored is gone, the cookies are not. */
function deleteKey(): Promise<void> {
  return new Promise((resolve, reject) => {
    const deletion = indexedDB.deleteDatabase("unified-auth-key");
    deletion.onsuccess = () => resolve();
    deletion.onerror = () => reject(deletion.error);
  });
}

/** Does something to the page and waits until the client has asked the server because of it. */
async function untilAsked(auth: AuthClient, act: () => void): Promise<void> {
  const asked = new Promise<void>((resolve) => {
    const stop = auth.on("recovery", () => {
      stop();
      resolve();
    });
  });
  act();
  await Promise.race([asked, pause(LONGEST_WAIT_MS)]);
  const until = performance.now() + LONGEST_WAIT_MS;
  while (auth.getSnapshot().activity !== "idle" && performance.now() < until) await pause(50);
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
