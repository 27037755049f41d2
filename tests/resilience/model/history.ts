/**
 * Plays one history in a fixture, step by step, and checks after each that database and specification
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
import type { ModelFixture } from "./model_fixture.ts";

/** @throws {AssertionError} With the story so far, if anything is not as it must be */
export async function playHistory(fixture: ModelFixture, steps: readonly Step[]): Promise<void> {
  const honesty = createHonesty(fixture);
  const rows = new Map<string, string>();
  try {
    for (const step of [{ kind: "login", who: 0, privately: false } as const, ...steps]) {
      const line = await playStep({ fixture, honesty }, step);
      if (line === null) continue;
      fixture.story.push(line);
      if (step.kind !== "wait") await checkRows(fixture, rows);
    }
  } catch (error: unknown) {
    const lines = fixture.story.map((line, index) => `  ${index + 1}. ${line}`);
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`${reason}, after this:\n${lines.join("\n")}\n`, { cause: error });
  }
}

interface Scene {
  readonly fixture: ModelFixture;
  readonly honesty: Honesty;
}

/** A line about the step, or null if nothing happened. */
async function playStep({ fixture, honesty }: Scene, step: Step): Promise<string | null> {
  const client = "who" in step ? fixture.clients[step.who] : undefined;
  switch (step.kind) {
    case "nothing":
      return null;
    case "wait":
      await fixture.clock.advance(fixture.userId, step.seconds);
      return `${step.seconds} s pass`;
    case "ban":
      fixture.model.banned = true;
      end(fixture.model.sessions.values(), "banned");
      await fixture.clock.sql`
        update auth.users as u set banned_until = 'infinity' where u.id = ${fixture.userId}`;
      return "the user is banned";
    case "unban":
      fixture.model.banned = false;
      await fixture.clock.sql`
        update auth.users as u set banned_until = null where u.id = ${fixture.userId}`;
      return "the user may sign in again";
    case "new password":
      end(fixture.model.sessions.values(), "password_changed");
      await fixture.clock.sql`
        update auth.users as u
        set encrypted_password = gen_random_uuid()::text
        where u.id = ${fixture.userId}`;
      return "the user changes the password";
    case "new secret":
      fixture.changeSecret();
      return "the operator adds a new secret";
    case "forgery":
      return await forge({ fixture, honesty }, step);
    case "theft":
      return steal({ fixture, honesty }, step);
    case "recorded request":
      return await playRecorded({ fixture, honesty }, step);
  }
  if (client === undefined) return null;
  switch (step.kind) {
    case "login": {
      if (step.privately) client.jar = EMPTY_JAR;
      // The rule cannot tell a browser that lost its key from a thief: the old session ends as reused.
      if (keyName(client.jar.refresh?.key ?? null) !== keyName(client.key)) {
        honesty.blemish(client.jar, "signing in again after its key was lost");
      }
      const { result, jar } = await requestLogin(fixture, client);
      if (jar !== null) keep(client, jar, fixture.now());
      return `${client.name} signs in: ${result}`;
    }
    case "refresh":
    case "validate":
      if (client.jar.refresh === null && client.jar.access === null) return null;
      return await send({ fixture, honesty }, { client, request: step, fate: step.fate });
    case "render": {
      if (client.jar.refresh === null) return null;
      const presentedJar = client.jar;
      const rendered = await ask({ fixture, honesty }, {
        client,
        jar: presentedJar,
        request: AUTO_VALIDATE,
        proof: { kind: "none" },
      });
      const grace = await requestGrace(fixture, client, rendered.jar ?? presentedJar);
      return `${client.name}'s server renders (${rendered.result}, then ${grace}) ` +
        "and its cookies never arrive";
    }
    case "late reply": {
      const reply = client.late.shift();
      if (reply === undefined) return null;
      const now = fixture.now();
      const late = { age: now - reply.answeredAt, what: "a late reply" };
      honesty.blemishIfLate(client.jar, late);
      honesty.blemishIfLate(reply.jar, late);
      keep(client, reply.jar, now);
      return `${client.name} receives a late reply`;
    }
    case "late request": {
      const sent = client.lastSent;
      if (sent === null || sent.jar.refresh === null) return null;
      honesty.blemishIfLate(sent.jar, { age: fixture.now() - sent.at, what: "a late request" });
      if (keyOf(sent.proof) !== client.key) {
        honesty.blemish(sent.jar, "a late request that an earlier key has signed, or none");
      }
      const { result, jar } = await ask({ fixture, honesty }, {
        client,
        jar: sent.jar,
        request: { kind: "refresh" },
        proof: sent.proof,
      });
      if (step.replyArrives && jar !== null) keep(client, jar, fixture.now());
      return `a second copy of ${client.name}'s last request arrives: ${result}, ` +
        `and its reply ${step.replyArrives ? "arrives too" : "is dropped"}`;
    }
    case "crash": {
      const now = fixture.now();
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
      return await logOutOf(fixture, { client, scope: step.scope });
    case "end another":
      return await endAnother(fixture, client);
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
  { fixture, honesty }: Scene,
  { client, request, ...sending }: Sending,
): Promise<Answered> {
  let { jar } = sending;
  for (let tried = 1;; tried += 1) {
    const proof = sending.proof ?? proofOf(client, jar);
    const presented = { jar, proof };
    honesty.beforePresenting(client, presented);
    const answered = request.kind === "refresh"
      ? await requestRefresh(fixture, client, presented)
      : await requestValidate(fixture, client, { ...presented, mode: request.mode });
    const { challenge } = answered;
    if (
      challenge === undefined || sending.proof !== undefined || client.key === null ||
      tried === TRIES
    ) {
      const asksAgain = sending.proof === undefined;
      honesty.afterPresenting(client, { ...presented, asksAgain, result: answered.result });
      return answered;
    }
    jar = { ...jar, challenge };
  }
}

async function send(
  scene: Scene,
  { client, request, fate }: Omit<Sending, "jar"> & { readonly fate: Fate },
): Promise<string> {
  const { fixture } = scene;
  const sent = client.jar;
  client.lastSent = { at: fixture.now(), jar: sent, proof: proofOf(client, sent) };
  const answered = await ask(scene, { client, jar: sent, request });
  const line = `${client.name} asks to ${request.kind}: ${answered.result}`;
  const { jar } = answered;
  if (request.kind === "refresh" && (jar === null || fate === "arrives")) {
    scene.honesty.afterRefreshing(client, { jar: sent, result: answered.result });
  }
  if (jar === null) return line;
  switch (fate) {
    case "arrives":
      keep(client, jar, fixture.now());
      return line;
    case "is lost":
      break;
    case "is late":
      client.late.push({ answeredAt: fixture.now(), jar });
      break;
    case "loses its refresh cookie":
      keep(client, { ...sent, access: jar.access }, fixture.now());
      break;
    case "loses its access cookie":
      keep(client, { ...sent, refresh: jar.refresh }, fixture.now());
      break;
    case "is asked for twice, and the first reply arrives last": {
      const again = await ask(scene, { client, jar: sent, request });
      if (again.jar !== null) keep(client, again.jar, fixture.now());
      keep(client, jar, fixture.now());
      return `${line}; asked again: ${again.result}; the first reply arrives last`;
    }
  }
  return `${line}; the reply ${fate}`;
}

function steal(
  { fixture, honesty }: Scene,
  step: Extract<Step, { kind: "theft" }>,
): string | null {
  const thief = fixture.clients[step.thief];
  const owner = fixture.clients[step.from];
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
  const thief = scene.fixture.clients[step.thief];
  const sent = scene.fixture.clients[step.from]?.lastSent;
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
  const { clients, dependencies } = scene.fixture;
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
