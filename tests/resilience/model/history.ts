/**
 * Plays one history in a world, step by step, and checks after each that database and specification
 * say the same. A step that makes no sense when its turn comes (a thief without loot) does nothing.
 *
 * @module
 */

import { randomBytes } from "node:crypto";
import type { Lineage, SessionId } from "../../../supabase/functions/_shared/brands.ts";
import {
  encodeRefreshToken,
  readRefreshToken,
} from "../../../supabase/functions/_shared/tokens/refresh_token.ts";
import {
  type Client,
  createKey,
  EMPTY_JAR,
  type Jar,
  jarBefore,
  keep,
  keyName,
  proofOf,
  type SentProof,
} from "./clients.ts";
import { endAnother, logOutOf } from "./endings.ts";
import { createHonesty, type Honesty } from "./honesty.ts";
import { checkRows } from "./invariants.ts";
import {
  type Answered,
  requestGrace,
  requestLogin,
  requestRefresh,
  requestValidate,
} from "./requests.ts";
import { SECOND } from "./rotation_model.ts";
import type { Fate, Step } from "./steps.ts";
import { end } from "./user_model.ts";
import type { World } from "./world.ts";

/** @throws {AssertionError} With the story so far, if anything is not as it must be */
export async function playHistory(world: World, steps: readonly Step[]): Promise<void> {
  const honesty = createHonesty(world);
  const rows = new Map<string, string>();
  try {
    for (const step of [{ kind: "login", who: 0, privately: false } as const, ...steps]) {
      const told = await playStep({ world, honesty }, step);
      if (told === null) continue;
      world.story.push(told);
      if (step.kind !== "wait") await checkRows(world, rows);
    }
  } catch (error: unknown) {
    const lines = world.story.map((line, index) => `  ${index + 1}. ${line}`);
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`${reason}, after this:\n${lines.join("\n")}\n`, { cause: error });
  }
}

interface Scene {
  readonly world: World;
  readonly honesty: Honesty;
}

/** What happened, in words, or null if nothing did. */
async function playStep({ world, honesty }: Scene, step: Step): Promise<string | null> {
  const client = "who" in step ? world.clients[step.who] : undefined;
  switch (step.kind) {
    case "nothing":
      return null;
    case "wait":
      await world.clock.advance(world.userId, step.seconds);
      return `${step.seconds} s pass`;
    case "ban":
      world.model.banned = true;
      end(world.model.sessions.values(), "banned");
      await world.clock.sql`
        update auth.users as u set banned_until = 'infinity' where u.id = ${world.userId}`;
      return "the user is banned";
    case "unban":
      world.model.banned = false;
      await world.clock.sql`
        update auth.users as u set banned_until = null where u.id = ${world.userId}`;
      return "the user may sign in again";
    case "new password":
      end(world.model.sessions.values(), "password_changed");
      await world.clock.sql`
        update auth.users as u
        set encrypted_password = gen_random_uuid()::text
        where u.id = ${world.userId}`;
      return "the user changes the password";
    case "new secret":
      world.changeSecret();
      return "the operator adds a new secret";
    case "forgery":
      return await forge({ world, honesty }, step);
    case "theft":
      return steal({ world, honesty }, step);
    case "recorded request":
      return await playRecorded({ world, honesty }, step);
  }
  if (client === undefined) return null;
  switch (step.kind) {
    case "login": {
      if (step.privately) client.jar = EMPTY_JAR;
      // The rule cannot tell a browser that lost its key from a thief: the old session ends as reused.
      if (keyName(client.jar.refresh?.key ?? null) !== keyName(client.key)) {
        honesty.blemish(client.jar, "signing in again after its key was lost");
      }
      const { result, jar } = await requestLogin(world, client);
      if (jar !== null) keep(client, jar, world.now());
      return `${client.name} signs in: ${result}`;
    }
    case "refresh":
    case "validate":
      if (client.jar.refresh === null && client.jar.access === null) return null;
      return await send({ world, honesty }, { client, request: step, fate: step.fate });
    case "render": {
      if (client.jar.refresh === null) return null;
      const shown = client.jar;
      const rendered = await ask({ world, honesty }, {
        client,
        jar: shown,
        request: AUTO_VALIDATE,
        proof: { kind: "none" },
      });
      const grace = await requestGrace(world, client, rendered.jar ?? shown);
      return `${client.name}'s server renders (${rendered.result}, then ${grace}) ` +
        "and its cookies never arrive";
    }
    case "late reply": {
      const reply = client.late.shift();
      if (reply === undefined) return null;
      const now = world.now();
      const late = { age: now - reply.answeredAt, what: "a late reply" };
      honesty.blemishIfLate(client.jar, late);
      honesty.blemishIfLate(reply.jar, late);
      keep(client, reply.jar, now);
      return `${client.name} receives a late reply`;
    }
    case "late request": {
      const sent = client.lastSent;
      if (sent === null || sent.jar.refresh === null) return null;
      honesty.blemishIfLate(sent.jar, { age: world.now() - sent.at, what: "a late request" });
      if (keyOf(sent.proof) !== client.key) {
        honesty.blemish(sent.jar, "a late request that an earlier key has signed, or none");
      }
      const { result, jar } = await ask({ world, honesty }, {
        client,
        jar: sent.jar,
        request: { kind: "refresh" },
        proof: sent.proof,
      });
      if (step.replyArrives && jar !== null) keep(client, jar, world.now());
      return `a second copy of ${client.name}'s last request arrives: ${result}, ` +
        `and its reply ${step.replyArrives ? "arrives too" : "is dropped"}`;
    }
    case "crash": {
      const now = world.now();
      const age = step.forgetsSeconds * SECOND;
      const jar = jarBefore(client, { now, age });
      honesty.blemishIfLate(jar, { age, what: "a crash" });
      keep(client, { ...jar, challenge: null }, now);
      client.late.length = 0;
      return `${client.name} crashes, and has its cookies of ${step.forgetsSeconds} s ago again`;
    }
    case "key":
      client.key = step.becomes === "none" ? null : createKey();
      return `${client.name} loses its key, and has ${step.becomes} now`;
    case "another user agent":
      client.userAgent += "+";
      return `${client.name} has another user agent`;
    case "logout":
      return await logOutOf(world, { client, scope: step.scope });
    case "end another":
      return await endAnother(world, client);
  }
}

type Request = { readonly kind: "refresh" } | {
  readonly kind: "validate";
  readonly mode: "auto" | "never";
};

const AUTO_VALIDATE: Request = { kind: "validate", mode: "auto" };

const keyOf = (proof: SentProof) => proof.kind === "signed" ? proof.key : null;

interface Sending {
  readonly client: Client;
  readonly jar: Jar;
  readonly request: Request;
  /** @default {as the browser's page proves itself, and anew where it is asked to} */
  readonly proof?: SentProof;
}

/** How often a page signs the challenge that it is given. */
const TRIES = 3;

async function ask(
  { world, honesty }: Scene,
  { client, request, ...sending }: Sending,
): Promise<Answered> {
  let { jar } = sending;
  for (let tried = 1;; tried += 1) {
    const proof = sending.proof ?? proofOf(client, jar);
    const presented = { jar, proof };
    honesty.beforeShowing(client, presented);
    const answered = request.kind === "refresh"
      ? await requestRefresh(world, client, presented)
      : await requestValidate(world, client, { ...presented, mode: request.mode });
    const { challenge } = answered;
    if (
      challenge === undefined || sending.proof !== undefined || client.key === null ||
      tried === TRIES
    ) {
      const asksAgain = sending.proof === undefined;
      honesty.afterShowing(client, { ...presented, asksAgain, result: answered.result });
      return answered;
    }
    jar = { ...jar, challenge };
  }
}

async function send(
  scene: Scene,
  { client, request, fate }: Omit<Sending, "jar"> & { readonly fate: Fate },
): Promise<string> {
  const { world } = scene;
  const sent = client.jar;
  client.lastSent = { at: world.now(), jar: sent, proof: proofOf(client, sent) };
  const answered = await ask(scene, { client, jar: sent, request });
  const told = `${client.name} asks to ${request.kind}: ${answered.result}`;
  const { jar } = answered;
  if (request.kind === "refresh" && (jar === null || fate === "arrives")) {
    scene.honesty.afterRefreshing(client, { jar: sent, result: answered.result });
  }
  if (jar === null) return told;
  switch (fate) {
    case "arrives":
      keep(client, jar, world.now());
      return told;
    case "is lost":
      break;
    case "is late":
      client.late.push({ answeredAt: world.now(), jar });
      break;
    case "loses its refresh cookie":
      keep(client, { ...sent, access: jar.access }, world.now());
      break;
    case "loses its access cookie":
      keep(client, { ...sent, refresh: jar.refresh }, world.now());
      break;
    case "is asked for twice, and the first reply arrives last": {
      const again = await ask(scene, { client, jar: sent, request });
      if (again.jar !== null) keep(client, again.jar, world.now());
      keep(client, jar, world.now());
      return `${told}; asked again: ${again.result}; the first reply arrives last`;
    }
  }
  return `${told}; the reply ${fate}`;
}

function steal(
  { world, honesty }: Scene,
  step: Extract<Step, { kind: "theft" }>,
): string | null {
  const thief = world.clients[step.thief];
  const owner = world.clients[step.from];
  if (thief === undefined || owner === undefined || owner.jar.refresh === null) return null;
  thief.jar = { ...owner.jar, challenge: null };
  thief.key = step.hasKey ? createKey() : null;
  honesty.recordTheft({ thief, owner });
  return `${thief.name} copies ${owner.name}'s cookies, and has ` +
    (step.hasKey ? "own key" : "no key");
}

/** The owner's last request once more, cookies and proof, as somebody has read it on its way. */
async function playRecorded(
  scene: Scene,
  step: Extract<Step, { kind: "recorded request" }>,
): Promise<string | null> {
  const thief = scene.world.clients[step.thief];
  const sent = scene.world.clients[step.from]?.lastSent;
  if (!thief || !sent || sent.jar.refresh === null) return null;
  const { jar, proof } = sent;
  const { result } = await ask(scene, { client: thief, jar, request: { kind: "refresh" }, proof });
  return `${thief.name} plays a recorded request again: ${result}`;
}

/** Somebody who has a leaked key makes a token near the laptop's. */
async function forge(
  scene: Scene,
  { generations, branches, namesKey }: Extract<Step, { kind: "forgery" }>,
): Promise<string | null> {
  const { clients, dependencies } = scene.world;
  const thief = clients[3];
  const target = clients[0]?.jar.refresh;
  if (!thief || !target) return null;
  const generation = target.generation + generations;
  const branch = target.branch + branches;
  if (generation < 1 || branch < 0) return null;
  const raw = encodeRefreshToken({
    sessionId: target.sessionId as SessionId,
    generation,
    branch,
    key: namesKey ? target.key : null,
    lineage: new Uint8Array(randomBytes(8)) as Lineage, // a leaked key does not tell it
    secret: new Uint8Array(randomBytes(32)),
  }, dependencies.keys.signing);
  const jar = { ...EMPTY_JAR, refresh: readRefreshToken(raw, dependencies.keys) };
  const { result } = await ask(scene, { client: thief, jar, request: { kind: "refresh" } });
  return `somebody with a leaked key shows ${generation}.${branch}: ${result}`;
}
