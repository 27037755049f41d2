/**
 * Thieves in a soak: each copies the cookies of somebody's browser and refreshes some time before or
 * after the owner, who suspects nothing. Within two cycles the session must end, for both of them, and
 * the owner's other devices must not notice.
 *
 * @module
 */

import { pick } from "../../tests/chance.ts";
import {
  ACCESS_COOKIE,
  type Browser,
  CHROME,
  FIREFOX,
  openBrowser,
  viewOf,
} from "../../tests/http/browser.ts";
import { type Actor, createActor } from "./actor.ts";
import type { Stage } from "./stage.ts";

const HOUR = 3_600;
const CYCLES = 2;

/** Of the thief's refresh from the owner's. */
const OFFSETS_SECONDS = [-600, -120, -25, -5, 5, 25, 45, 120, 600];

/** How near to each other two uses by one browser may be without being suspicious. */
const WINDOW_SECONDS = 60;

/** A heartbeat late enough after a refresh to count as a sign that its reply arrived. */
const HEARTBEAT_AFTER_SECONDS = 90;

interface Theft {
  readonly offsetSeconds: number;
  readonly sameUserAgent: boolean;
  readonly ownerIsSeen: boolean;
  readonly thiefIsSeen: boolean;
}

interface Scene {
  readonly stage: Stage;
  readonly actor: Actor;
  readonly sessionId: string;
  readonly owner: Browser;
  readonly thief: Browser;
}

/** Steals from one person after the other until the soak is over. */
export async function steal(stage: Stage, name: string): Promise<void> {
  const actor = createActor(stage, { group: "thief", name });
  while (!stage.isOver()) {
    const theft = drawTheft(actor);
    const { scene, otherDevice } = await prepare(stage, { actor, theft });
    stage.ledger.count("thefts", "started");
    const isFound = await playOut(scene, theft);
    const told = `${name}: ${JSON.stringify(theft)}, session ${scene.sessionId}`;
    if (!isFound) stage.ledger.breach("a copied token is found within two cycles", told);
    else {
      stage.ledger.count("thefts", "found");
      if (!await isOver(scene)) stage.ledger.breach("a theft ends the session for everybody", told);
    }
    const { status } = await actor.ask(() => otherDevice.refresh());
    if (status !== 200) stage.ledger.breach("a theft ends no other session", told);
  }
}

function drawTheft({ chance }: Actor): Theft {
  const offsetSeconds = pick(chance, OFFSETS_SECONDS);
  return {
    offsetSeconds,
    sameUserAgent: Math.abs(offsetSeconds) > WINDOW_SECONDS && chance() < 0.5,
    ownerIsSeen: chance() < 0.5,
    thiefIsSeen: chance() < 0.5,
  };
}

/** A person with two devices, one of which has been in use for a while when its cookies are copied. */
async function prepare(
  stage: Stage,
  { actor, theft }: { readonly actor: Actor; readonly theft: Theft },
): Promise<{ readonly scene: Scene; readonly otherDevice: Browser }> {
  const { email, password } = await stage.createPerson();
  const { functionsUrl } = stage.network;
  const signIn = async () => {
    const browser = openBrowser({ functionsUrl, userAgent: FIREFOX });
    viewOf(
      await actor.ask(() => browser.call("/unified-auth/login", { body: { email, password } })),
    );
    return browser;
  };
  const [owner, otherDevice] = [await signIn(), await signIn()];
  const { id } = viewOf(await actor.ask(() => owner.validate())).session;
  await actor.after(HOUR, id, [owner]);
  await actor.ask(() => owner.refresh());
  await actor.after(2 * HEARTBEAT_AFTER_SECONDS, id, [owner]);
  await actor.ask(() => owner.validate());
  await actor.after(HOUR, id, [owner]);
  const thief = owner.copy({ userAgent: theft.sameUserAgent ? FIREFOX : CHROME });
  return { scene: { stage, actor, sessionId: id, owner, thief }, otherDevice };
}

/** Whether the session has ended, as stolen, before both have refreshed so often. */
async function playOut(scene: Scene, theft: Theft): Promise<boolean> {
  const { actor, sessionId, owner, thief } = scene;
  const parties = [
    { browser: owner, offset: 0, isSeen: theft.ownerIsSeen },
    { browser: thief, offset: theft.offsetSeconds, isSeen: theft.thiefIsSeen },
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
    if (atSeconds > now) await actor.after(atSeconds - now, sessionId, [owner, thief]);
    now = atSeconds;
    await actor.ask(() => ask());
    if (await reasonOf(scene) === "reused") return true;
  }
  return false;
}

async function reasonOf({ stage, sessionId }: Scene): Promise<string | null> {
  const [row] = await stage.query((sql) =>
    sql<{ revoked_reason: string | null }[]>`
      select s.revoked_reason from public.sessions as s where s.id = ${sessionId}`
  );
  return row?.revoked_reason ?? null;
}

/** Neither gets anything any more, by either token. */
async function isOver({ actor, owner, thief }: Scene): Promise<boolean> {
  for (const browser of [owner, thief]) {
    if ((await actor.ask(() => browser.refresh())).status !== 401) return false;
    if ((await actor.ask(() => browser.validate())).status !== 401) return false;
    browser.cookies.delete(ACCESS_COOKIE);
  }
  return true;
}
