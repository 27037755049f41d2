/**
 * An honest browser's life in a soak: tabs that ask at once, replies that are lost, sleep from seconds
 * to days, crashes that bring old cookies back, requests that come twice, signing out and in again.
 * Whatever happens, the session that it is signed in with must go on.
 *
 * @module
 */

import { pick } from "../../tests/harness/chance.ts";
import {
  type Answer,
  type Browser,
  CHROME,
  codeOf,
  openBrowser,
} from "../../tests/behaviour/http/browser.ts";
import { createProofKey } from "../../tests/behaviour/http/proof_key.ts";
import type { Person } from "../../tests/behaviour/http/fixture.ts";
import { type Actor, createActor } from "./actor.ts";
import type { Stage } from "./stage.ts";

export interface HonestBrowser {
  readonly stage: Stage;
  readonly actor: Actor;
  readonly person: Person;
  readonly browser: Browser;
  sessionId: string;
  /** Its last actions, for the story of one that went wrong. */
  readonly actions: string[];
}

/** The promise that this is all about. */
export const STAYS_SIGNED_IN = "nobody is signed out who did not ask for it";

const HOUR = 3_600;
const NAPS_SECONDS = [10, 50, 70, 600, HOUR - 30];
const SLEEPS_SECONDS = [HOUR + 400, 2 * HOUR, 14 * HOUR, 72 * HOUR];

/** How old a cookie is at most that a crash brings back: browsers write theirs every 30 s. */
const UNWRITTEN_SECONDS = 30;
const LATEST_DUPLICATE_SECONDS = 45;

/** Lives until the soak ends; answers the browser as it is then. */
export async function liveHonestly(stage: Stage, name: string): Promise<HonestBrowser> {
  const person = await stage.createPerson();
  const actor = createActor(stage, { group: "honest", name });
  // Some have no key: other clients, private windows.
  const key = actor.chance() < 0.7 ? await createProofKey() : null;
  const browser = openBrowser({ functionsUrl: stage.network.functionsUrl, key });
  const life: HonestBrowser = { stage, actor, person, browser, sessionId: "", actions: [name] };
  await signIn(life);
  while (!stage.hasEnded()) {
    const [action, act] = pick(actor.chance, Object.entries(ACTS));
    life.actions.push(action);
    await act(life);
    stage.ledger.count("actions", action);
  }
  return life;
}

/** The browser validates once more, with nothing in its way, after everything. */
export async function takeLeave(life: HonestBrowser): Promise<void> {
  const { actor, browser, sessionId } = life;
  await actor.after(2 * HOUR, sessionId, [browser]);
  await judge(life, "the last validate", await actor.ask(() => browser.validate()));
  await judge(life, "the last refresh", await actor.ask(() => browser.refresh()));
}

const ACTS: Readonly<Record<string, (life: HonestBrowser) => Promise<void>>> = {
  "heartbeat": async (life) => await ask(life, "validate"),
  "refresh": async (life) => await ask(life, "refresh"),
  "nap": async (life) => await wake(life, pick(life.actor.chance, NAPS_SECONDS)),
  "sleep": async (life) => await wake(life, pick(life.actor.chance, SLEEPS_SECONDS)),
  "lost reply": loseReply,
  "crash": crash,
  "late duplicate": duplicateLate,
  "server rendering": render,
  "another user agent": async (life) => {
    await judge(life, "another agent", await life.actor.ask(() => refreshAs(life, CHROME)));
  },
  "a key lost over days": loseKey,
  "devices": async (life) => await look(life, "/unified-auth/sessions"),
  "read-only check": async (life) => await look(life, "/validate-session"),
  "signing in again": signIn,
  "signing out and in": async (life) => {
    await life.actor.ask(() => life.browser.logout());
    await signIn(life);
  },
};

/** Asks from so many tabs at once, some of whose replies are lost. */
async function ask(
  life: HonestBrowser,
  what: "refresh" | "validate",
  count = 1 + Math.floor(life.actor.chance() * 4),
): Promise<void> {
  const { actor, browser } = life;
  const calls = Array.from({ length: count }, () => ({ lost: actor.chance() < 0.2 }));
  await Promise.all(calls.map(async (call) => {
    await judge(life, what, await actor.ask(() => browser[what](call)));
  }));
}

async function wake(life: HonestBrowser, seconds: number): Promise<void> {
  life.actions.push(`${seconds} s later`);
  await life.actor.after(seconds, life.sessionId, [life.browser]);
  await ask(life, "validate");
}

async function loseReply(life: HonestBrowser): Promise<void> {
  const { actor, browser } = life;
  const ask = pick(actor.chance, [browser.refresh, browser.validate]);
  await judge(life, "lost", await actor.ask(() => ask({ lost: true })));
  await wake(life, pick(actor.chance, [...NAPS_SECONDS, ...SLEEPS_SECONDS]));
}

/** The cookies from before a refresh come back, and are shown hours later. */
async function crash(life: HonestBrowser): Promise<void> {
  const { actor, browser, sessionId } = life;
  const onDisk = browser.copy();
  await ask(life, "refresh", 1);
  const seconds = Math.floor(actor.chance() * UNWRITTEN_SECONDS);
  await actor.after(seconds, sessionId, [browser, onDisk]);
  await ask(life, "validate", 1);
  if (life.sessionId !== sessionId) return;
  browser.cookies.clear();
  for (const [name, value] of onDisk.cookies) browser.cookies.set(name, value);
  browser.challenge = null; // a page remembers its challenge, a disk does not
  await wake(life, pick(actor.chance, [1, 20, HOUR, 5 * HOUR]));
}

/** A request from before a refresh arrives once more, and its reply goes nowhere. */
async function duplicateLate(life: HonestBrowser): Promise<void> {
  const { actor, browser, sessionId } = life;
  const duplicate = browser.copy();
  await ask(life, "refresh", 1);
  const seconds = Math.floor(actor.chance() * LATEST_DUPLICATE_SECONDS);
  await actor.after(seconds, sessionId, [browser, duplicate]);
  await judge(life, "duplicate", await actor.ask(() => duplicate.refresh()));
  await ask(life, "validate", 1);
}

const refreshAs = ({ browser }: HonestBrowser, userAgent: string) =>
  browser.refresh({ headers: { "user-agent": userAgent } });

/** A server asks for its visitor, without the visitor's key, and the cookies that it is given are lost. */
async function render(life: HonestBrowser): Promise<void> {
  const { actor, browser } = life;
  const server = browser.copy({ key: null });
  const answer = await actor.ask(() => server.validate());
  const isRefused = answer.status === 401 && codeOf(answer) === "proof_required" &&
    answer.setCookies.length === 0;
  if (browser.key === null || !isRefused) await judge(life, "render", answer);
  await ask(life, "validate");
}

/** As Safari deletes what it stored for a site that nobody visited for a week. */
async function loseKey(life: HonestBrowser): Promise<void> {
  const { actor, browser } = life;
  if (browser.key === null) return;
  await judge(life, "refresh", await actor.ask(() => browser.refresh()));
  await actor.after(72 * HOUR, life.sessionId, [browser]);
  browser.key = await createProofKey();
  await ask(life, "validate");
}

async function look(life: HonestBrowser, path: string): Promise<void> {
  const { actor, browser } = life;
  // These cannot refresh: only with an access token that is good for now are they sure to answer.
  await judge(life, "validate", await actor.ask(() => browser.validate()));
  const answer = await actor.ask(() => browser.call(path, { method: "GET" }));
  if (answer.status !== 200) await judge(life, path, answer);
}

async function signIn(life: HonestBrowser): Promise<void> {
  const { actor, browser, person } = life;
  const { email, password } = person;
  const answer = await actor.ask(() =>
    browser.call("/unified-auth/login", { body: { email, password } })
  );
  if (answer.status !== 200) {
    return life.stage.ledger.breach("a right password signs in", story(life, "login", answer));
  }
  life.sessionId = sessionIdOf(answer);
}

/** Any answer but the session that it is signed in with is a logout that nobody asked for. */
async function judge(life: HonestBrowser, what: string, answer: Answer): Promise<void> {
  if (answer.status === 200 && sessionIdOf(answer) === life.sessionId) return;
  life.stage.ledger.breach(STAYS_SIGNED_IN, story(life, what, answer));
  await signIn(life);
}

function sessionIdOf({ body }: Answer): string {
  const session = body["session"];
  return typeof session === "object" && session !== null && "id" in session
    ? String(session.id)
    : "";
}

function story({ actions, sessionId }: HonestBrowser, what: string, answer: Answer): string {
  const recent = [actions[0], ...actions.slice(1).slice(-12)].join(", ");
  return `${recent}: ${what} of ${sessionId} was answered ${answer.status} ${codeOf(answer)}`;
}
