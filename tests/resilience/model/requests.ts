/**
 * Requests of a client to its fixture: each is put to the use case and to the specification, and the
 * two answers must be the same. Answers the jar that the reply carries, if it carries one.
 *
 * @module
 */

import assert from "node:assert/strict";
import { mayClearCookies } from "../../../supabase/functions/_shared/http/session_cookies.ts";
import { logInByExchange } from "../../../supabase/functions/_shared/sessions/login.ts";
import type { Refusal } from "../../../supabase/functions/_shared/sessions/refusal.ts";
import { refreshSession } from "../../../supabase/functions/_shared/sessions/refresh.ts";
import { judgeGrace } from "../../../supabase/functions/_shared/sessions/grace.ts";
import { validateSession } from "../../../supabase/functions/_shared/sessions/validate.ts";
import {
  type Client,
  contextOf,
  EMPTY_JAR,
  type Jar,
  keyName,
  type SentProof,
  sessionsOf,
} from "./clients.ts";
import { expectRefresh, expectValidate, placeOf, wireName } from "./jar_reading.ts";
import { judgeAccess, type ModelChallenge, SECOND } from "./rotation_model.ts";
import { logIn } from "./user_model.ts";
import { ANY_IDENTITY_TOKEN, type ModelFixture } from "./model_fixture.ts";

export interface Answered {
  readonly result: string;
  /** The jar after the reply; null: it is unchanged. */
  readonly jar: Jar | null;
  /** That it asks to be signed. */
  readonly challenge?: ModelChallenge;
}

const GRACE_SECONDS = 43_200;

export async function requestLogin(fixture: ModelFixture, client: Client): Promise<Answered> {
  const { model, dependencies } = fixture;
  const { refresh } = client.jar;
  const { key } = client;
  const result = await logInByExchange(dependencies, {
    token: ANY_IDENTITY_TOKEN,
    deviceName: client.name,
    presented: refresh,
    readProof: () =>
      Promise.resolve(
        key === null
          ? { kind: "missing" }
          : { kind: "proven", proof: { thumbprint: key, challenge: null } },
      ),
    context: contextOf(client),
  });
  const [call] = fixture.takeCalls();
  assert.ok(call);
  const id = result.kind === "signed_in" ? result.grant.session.sessionId : "";
  const expected = logIn(model, {
    id,
    now: call.now,
    presented: fixture.modelToken(refresh),
    key: keyName(key),
  });
  agree(call.outcome, expected);
  return result.kind === "signed_in"
    ? { result: call.outcome, jar: fixture.receive(result.grant) }
    : { result: call.outcome, jar: null };
}

export interface Presenting {
  readonly jar: Jar;
  readonly proof: SentProof;
}

export async function requestRefresh(
  fixture: ModelFixture,
  client: Client,
  { jar, proof }: Presenting,
): Promise<Answered> {
  const token = fixture.modelToken(jar.refresh);
  if (jar.refresh === null || token === null) return { result: "refresh_token_missing", jar: null };
  const result = await refreshSession(fixture.dependencies, {
    presented: jar.refresh,
    others: [],
    readProof: fixture.readProof(proof),
    event: "refresh",
    context: contextOf(client),
  });
  const calls = [...fixture.takeCalls()];
  const outcome = calls[0]?.outcome ?? "";
  const expected = expectRefresh(fixture.model, { token, proof, nextNow: () => nextOf(calls) });
  assert.equal(calls.length, 0, "the specification asks the database less often");
  if (result.kind === "refreshed") {
    agree(outcome, expected);
    const received = fixture.receive(result.grant);
    return { result: describe(outcome, received), jar: received };
  }
  assert.ok(result.kind === "refused", "no history refreshes too often");
  agree(result.code, expected);
  return refusedWith(fixture, { jar, refusal: result });
}

function nextOf<Call extends { readonly now: number }>(calls: Call[]): number {
  const call = calls.shift();
  assert.ok(call, "the specification asks the database once more");
  return call.now;
}

/** A refusal clears the cookies, brings a challenge, or leaves everything as it is. */
function refusedWith(
  fixture: ModelFixture,
  { jar, refusal: { code, endedSessions, challenge } }: {
    readonly jar: Jar;
    readonly refusal: Refusal;
  },
): Answered {
  if (mayClearCookies(endedSessions, sessionsOf(jar))) return { result: code, jar: EMPTY_JAR };
  return {
    result: code,
    jar: null,
    ...(challenge === null ? {} : { challenge: fixture.readChallenge(challenge) }),
  };
}

export async function requestValidate(
  fixture: ModelFixture,
  client: Client,
  { jar, proof, mode }: Presenting & { readonly mode: "auto" | "never" },
): Promise<Answered> {
  const token = fixture.modelToken(jar.refresh);
  const result = await validateSession(fixture.dependencies, {
    ...fixture.presentedTokens(jar),
    mode,
    readProof: fixture.readProof(proof),
    context: contextOf(client),
  });
  const processNow = fixture.now();
  const calls = [...fixture.takeCalls()];
  const actual = result.kind === "refreshed"
    ? calls.findLast(({ name }) => name === "rotate_session")?.outcome ?? ""
    : result.kind === "refused"
    ? result.code
    : result.kind;
  const expected = expectValidate(fixture.model, {
    jar,
    token,
    proof,
    mode,
    processNow,
    nextNow: () => nextOf(calls),
  });
  agree(actual, expected);
  assert.equal(calls.length, 0, "the specification asks the database less often");
  switch (result.kind) {
    case "active":
      return { result: actual, jar: null };
    case "refreshed": {
      const received = fixture.receive(result.grant);
      return { result: describe(actual, received), jar: received };
    }
    case "throttled":
      return assert.fail("no history refreshes too often");
    case "refused":
      return refusedWith(fixture, { jar, refusal: result });
  }
}

/** A server that was handed the access token asks what it is worth: `validate-session`. */
export async function requestGrace(
  fixture: ModelFixture,
  client: Client,
  jar: Jar,
): Promise<string> {
  if (jar.access === null) return "access_token_missing";
  const { claims, expiresAt } = jar.access;
  const result = await judgeGrace(fixture.dependencies, {
    ...fixture.presentedTokens(jar),
    graceSeconds: GRACE_SECONDS,
    context: contextOf(client),
  });
  const [call] = fixture.takeCalls();
  assert.ok(call);
  const { now } = call;
  const standing = judgeAccess(
    fixture.model.sessions.get(claims.sessionId),
    placeOf(jar, jar.access),
    now,
  );
  const expected = expiresAt + GRACE_SECONDS * SECOND <= now
    ? "grace_window_elapsed"
    : standing !== "active"
    ? wireName(standing)
    : now < expiresAt
    ? "active"
    : "grace";
  const actual = result.kind === "refused" ? result.code : result.kind;
  agree(actual, expected);
  return actual;
}

function agree(actual: string, expected: string): void {
  assert.equal(actual, expected, `the database answers ${actual}, the specification ${expected}`);
}

function describe(outcome: string, { refresh }: Jar): string {
  return `${outcome}, ${refresh?.generation}.${refresh?.branch}`;
}
