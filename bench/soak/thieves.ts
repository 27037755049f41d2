/**
 * Thieves in a soak: each copies the cookies of somebody's browser and knows the rotation rule. A session
 * without a key must end within two cycles of its owner, for both of them; of a bound one in use the
 * thief is granted nothing, and its owner is not signed out. The owner's other devices notice neither.
 *
 * @module
 */

import { pick } from "../../tests/harness/chance.ts";
import {
  AFTER_REUSE_INTERVAL_SECONDS,
  REUSE_INTERVAL_SECONDS,
} from "../../tests/harness/reuse_interval.ts";
import {
  ACCESS_COOKIE,
  type Answer,
  type Browser,
  CHROME,
  FIREFOX,
  openBrowser,
  viewOf,
} from "../../tests/behaviour/http/browser.ts";
import { createProofKey } from "../../tests/behaviour/http/proof_key.ts";
import { openTokenForge } from "../../tests/behaviour/http/token_forge.ts";
import { type Actor, createActor } from "./actor.ts";
import { STAYS_SIGNED_IN } from "./honest.ts";
import type { Stage } from "./stage.ts";

const HOUR = 3_600;
const CYCLES = 2;

/** Within the reuse interval nobody can tell two browsers without a key apart. */
const JUST_AFTER_SECONDS = REUSE_INTERVAL_SECONDS + 5;
const OFFSETS_SECONDS = [600, 120, JUST_AFTER_SECONDS].flatMap((seconds) => [-seconds, seconds]);

/** A heartbeat late enough after a refresh to count as a sign that its reply arrived. */
const HEARTBEAT_AFTER_SECONDS = 90;

/** Five intervals in which a thief presents one token: past the fourth he shares nothing any more. */
const POLLS = 6;
const POLL_EVERY_SECONDS = AFTER_REUSE_INTERVAL_SECONDS;

interface Scene {
  readonly stage: Stage;
  readonly actor: Actor;
  readonly sessionId: string;
  readonly owner: Browser;
  readonly thief: Browser;
  /** Lets time pass for the session and everybody in the scene. */
  after(seconds: number): Promise<void>;
}

/** Steals from one person after the other until the soak ends. */
export async function steal(stage: Stage, name: string): Promise<void> {
  const actor = createActor(stage, { group: "thief", name });
  while (!stage.hasEnded()) {
    const isBound = actor.chance() < 0.5;
    const [plan, play] = pick(actor.chance, Object.entries(isBound ? FROM_BOUND : FROM_UNBOUND));
    const { scene, otherDevice } = await prepare(stage, { actor, isBound });
    const description = `${name}: ${plan}, session ${scene.sessionId}`;
    stage.ledger.count(isBound ? "bound thefts" : "thefts", "started");
    if (isBound) await stealBound(scene, { play, description });
    else await stealUnbound(scene, { play, description });
    const { status } = await actor.ask(() => otherDevice.refresh());
    if (status !== 200) stage.ledger.breach("a theft ends no other session", description);
  }
}

interface Attempt {
  readonly play: (scene: Scene) => Promise<void>;
  readonly description: string;
}

async function stealUnbound(scene: Scene, { play, description }: Attempt): Promise<void> {
  const { ledger } = scene.stage;
  await play(scene);
  if ((await readRow(scene)).revoked_reason !== "reused") {
    ledger.breach("a copied token without a key is found within two cycles", description);
    return;
  }
  ledger.count("thefts", "found");
  if (!await hasSessionEnded(scene)) {
    ledger.breach("a theft ends the session for everybody", description);
  }
}

async function stealBound(scene: Scene, { play, description }: Attempt): Promise<void> {
  const { actor, owner, sessionId, stage: { ledger } } = scene;
  await play(scene);
  const answer = await actor.ask(() => owner.refresh());
  if (answer.status !== 200 || viewOf(answer).session.id !== sessionId) {
    ledger.breach(
      STAYS_SIGNED_IN,
      `the owner, after ${description}: ${JSON.stringify(answer.body)}`,
    );
  }
}

const FROM_UNBOUND: Readonly<Record<string, (scene: Scene) => Promise<void>>> = {
  "before or after the owner": async (scene) => {
    await takeTurns(scene, pick(scene.actor.chance, OFFSETS_SECONDS));
  },
  "before or after the owner, with own key": async (scene) => {
    scene.thief.key = await createProofKey();
    await takeTurns(scene, pick(scene.actor.chance, OFFSETS_SECONDS));
  },
  "polling one token": async (scene) => {
    await presentAgain(scene, { times: POLLS, everySeconds: POLL_EVERY_SECONDS });
    await meetOwner(scene);
  },
  "burning branches": async (scene) => {
    await presentAgain(scene, { times: POLLS, everySeconds: POLL_EVERY_SECONDS });
    await presentAgain(scene, { times: 20, everySeconds: 0 });
    await meetOwner(scene);
  },
};

const FROM_BOUND: Readonly<Record<string, (scene: Scene) => Promise<void>>> = {
  "no key": async (scene) => await tryBesideOwner(scene),
  "own key": async (scene) => {
    scene.thief.key = await createProofKey();
    await tryBesideOwner(scene);
  },
  "ever new keys, after each reuse interval": async (scene) => {
    for (let polled = 0; polled < 2 * POLLS; polled += 1) {
      scene.thief.key = await createProofKey();
      await tryIt(scene, () => scene.thief.refresh());
      await scene.after(POLL_EVERY_SECONDS);
    }
  },
  "the newest cookie each time, seconds after the owner": async (scene) => {
    const { actor, owner, thief } = scene;
    for (let cycle = 0; cycle < 3; cycle += 1) {
      await actor.ask(() => owner.refresh());
      await scene.after(3 + Math.floor(20 * actor.chance()));
      for (const [name, value] of owner.cookies) thief.cookies.set(name, value);
      thief.key = actor.chance() < 0.5 ? await createProofKey() : null;
      await tryIt(scene, () => thief.refresh());
      await scene.after(HOUR);
    }
  },
  "a recorded request": async (scene) => await playRecorded(scene),
};

/** Any token that a thief is answered from a bound session in use is one too many. */
async function tryIt(scene: Scene, request: () => Promise<Answer>): Promise<void> {
  const { actor, sessionId, stage: { ledger } } = scene;
  ledger.count("bound thefts", "requests");
  const { status, setCookies, body } = await actor.ask(request);
  if (status === 401 && setCookies.length === 0) return;
  ledger.count("bound thefts", "successors");
  ledger.breach(
    "a thief is granted nothing of a bound session in use",
    `${sessionId}: ${status} ${JSON.stringify(body)}`,
  );
}

async function tryBesideOwner(scene: Scene): Promise<void> {
  const { actor, owner, thief, after } = scene;
  for (let cycle = 0; cycle < 3; cycle += 1) {
    await tryIt(scene, () => thief.refresh());
    await after(pick(actor.chance, [1, 25, 65, 600]));
    await actor.ask(() => owner.refresh());
    await after(pick(actor.chance, [1, 25, 65, 600]));
    await tryIt(scene, () => thief.refresh());
    await after(HOUR);
  }
}

/**
 * The owner's request, cookies and proof, once more: within the minute it is answered the token that it
 * was answered before, which is worth nothing without the key; after that nothing.
 */
async function playRecorded(scene: Scene): Promise<void> {
  const { actor, owner, thief, sessionId, after, stage } = scene;
  const forge = openTokenForge(stage.network.stack);
  const { key } = owner;
  const { generation } = await readRow(scene);
  const record = async (ageSeconds: number) =>
    await key?.prove({
      route: "refresh",
      challenge: forge.challenge({ sessionId, generation, ageSeconds }),
    }) ?? null;

  await actor.ask(() => owner.refresh());
  const proof = await record(0);
  const { status } = await actor.ask(() => thief.refresh({ proof }));
  stage.ledger.count("bound thefts", status === 200 ? "recorded, answered in time" : "requests");
  await tryIt(scene, () => thief.refresh());
  for (const seconds of [300, HOUR]) {
    await after(seconds);
    const old = await record(seconds);
    await tryIt(scene, () => thief.refresh({ proof: old }));
    await actor.ask(() => owner.refresh());
  }
}

/** A person with two devices, one of which has been in use for a while when its cookies are copied. */
async function prepare(
  stage: Stage,
  { actor, isBound }: { readonly actor: Actor; readonly isBound: boolean },
): Promise<{ readonly scene: Scene; readonly otherDevice: Browser }> {
  const { email, password } = await stage.createPerson();
  const { functionsUrl } = stage.network;
  const signIn = async () => {
    const key = isBound ? await createProofKey() : null;
    const browser = openBrowser({ functionsUrl, userAgent: FIREFOX, key });
    viewOf(
      await actor.ask(() => browser.call("/unified-auth/login", { body: { email, password } })),
    );
    return browser;
  };
  const [owner, otherDevice] = [await signIn(), await signIn()];
  const { id: sessionId } = viewOf(await actor.ask(() => owner.validate())).session;
  const grow = async (seconds: number) => await actor.after(seconds, sessionId, [owner]);
  await grow(HOUR);
  await actor.ask(() => owner.refresh());
  await grow(2 * HEARTBEAT_AFTER_SECONDS);
  await actor.ask(() => owner.validate());
  await grow(HOUR);
  const thief = owner.copy({ userAgent: pick(actor.chance, [FIREFOX, CHROME]), key: null });
  const after = async (seconds: number) => await actor.after(seconds, sessionId, [owner, thief]);
  return { scene: { stage, actor, sessionId, owner, thief, after }, otherDevice };
}

/** Owner and thief each refresh once a cycle, so far apart, until the session has ended. */
async function takeTurns(scene: Scene, offsetSeconds: number): Promise<void> {
  const { actor, owner, thief, after } = scene;
  const parties = [
    { browser: owner, offset: 0, isSeen: actor.chance() < 0.5 },
    { browser: thief, offset: offsetSeconds, isSeen: actor.chance() < 0.5 },
  ];
  const uses = parties.flatMap(({ browser, offset, isSeen }) =>
    Array.from({ length: CYCLES }, (_, cycle) => cycle * HOUR + offset).flatMap((atSeconds) => [
      { atSeconds, ask: browser.refresh },
      ...(isSeen
        ? [{ atSeconds: atSeconds + HEARTBEAT_AFTER_SECONDS, ask: browser.validate }]
        : []),
    ])
  ).sort((left, right) => left.atSeconds - right.atSeconds);

  let now = uses[0]?.atSeconds ?? 0;
  for (const { atSeconds, ask } of uses) {
    if (atSeconds > now) await after(atSeconds - now);
    now = atSeconds;
    await actor.ask(() => ask());
    if ((await readRow(scene)).revoked_reason === "reused") return;
  }
}

/** The thief presents the token that he stole, and not the ones that he is answered. */
async function presentAgain(
  { actor, thief, after }: Scene,
  { times, everySeconds }: { readonly times: number; readonly everySeconds: number },
): Promise<void> {
  const stolen = new Map(thief.cookies);
  for (let presented = 0; presented < times; presented += 1) {
    if (presented > 0 && everySeconds > 0) await after(everySeconds);
    const cookie = [...stolen].map(([name, value]) => `${name}=${value}`).join("; ");
    await actor.ask(() => thief.refresh({ headers: { cookie } }));
  }
}

/** The owner comes within the reuse interval of the thief's last request; in the next cycle both do. */
async function meetOwner({ actor, owner, thief, after }: Scene): Promise<void> {
  await after(15);
  await actor.ask(() => owner.refresh());
  await after(HOUR);
  const [first, second] = actor.chance() < 0.5 ? [owner, thief] : [thief, owner];
  await actor.ask(() => first.refresh());
  await after(120);
  await actor.ask(() => second.refresh());
}

interface Row {
  readonly generation: number;
  readonly revoked_reason: string | null;
}

async function readRow({ stage, sessionId }: Scene): Promise<Row> {
  const [row] = await stage.query((sql) =>
    sql<Row[]>`
      select s.generation, s.revoked_reason from public.sessions as s where s.id = ${sessionId}`
  );
  if (row === undefined) throw new TypeError(`Cannot read session ${sessionId}: there is none`);
  return row;
}

/** Neither gets anything any more, by either token. */
async function hasSessionEnded({ actor, owner, thief }: Scene): Promise<boolean> {
  for (const browser of [owner, thief]) {
    if ((await actor.ask(() => browser.refresh())).status !== 401) return false;
    if ((await actor.ask(() => browser.validate())).status !== 401) return false;
    browser.cookies.delete(ACCESS_COOKIE);
  }
  return true;
}
