/**
 * The rotation rule's table, row by row, over HTTP. `tests/behaviour/sql` has every combination of it.
 */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { ageSession } from "../../../local/testing/aging.ts";
import { readEvents } from "../../harness/session_tables.ts";
import { type Answer, codeOf } from "./browser.ts";
import { type HttpFixture, openHttpFixture } from "./fixture.ts";
import type { ProofKey } from "./proof_key.ts";
import { OTHER, OWN, type Scene, TABLE } from "./rotation_rows.ts";
import { openTokenForge } from "./token_forge.ts";

const NAMES = new Map([[OWN.thumbprint, "own"], [OTHER.thumbprint, "other"]]);

async function openScene(fixture: HttpFixture): Promise<Scene> {
  const { sql } = fixture;
  const person = await fixture.createPerson();
  let sessionId = "";
  let before = 0;
  const signIn = async (key: ProofKey | null) => {
    const browser = fixture.openBrowser({ key });
    sessionId = (await browser.login(person)).session.id;
    return browser;
  };
  return {
    get sessionId() {
      return sessionId;
    },
    bound: () => signIn(OWN),
    unbound: () => signIn(null),
    after: (seconds) => ageSession(sql, sessionId, seconds),
    async present(browser, { key = browser.key, challenge } = {}) {
      before = (await readEvents(sql, sessionId)).length;
      browser.key = key;
      browser.challenge = challenge ?? browser.challenge;
      return await browser.refresh({ tries: 1 });
    },
    events: async () => (await readEvents(sql, sessionId)).slice(before),
    forge: openTokenForge(fixture.stack),
  };
}

async function describeSession(fixture: HttpFixture, sessionId: string): Promise<string | null> {
  const { is_valid, generation, branch, key_thumbprint } = await fixture.readSession(sessionId);
  if (is_valid !== true) return null;
  const key = key_thumbprint instanceof Uint8Array
    ? NAMES.get(Buffer.from(key_thumbprint).toString("hex"))
    : "none";
  return `${generation}.${branch} ${key}`;
}

for (const store of ["data-api", "postgres"] as const) {
  const fixture = await openHttpFixture({
    functions: ["unified-auth"],
    environment: { SESSION_STORE: store },
  });
  Deno.test.afterAll(() => fixture.close());

  for (const { row, class: of, position, condition, ...expected } of TABLE) {
    const when = [of, position, condition ?? []].flat().join(", ");
    Deno.test(`${store}: row ${row}: ${when}: ${expected.outcome}`, async () => {
      const scene = await openScene(fixture);
      const answer = await expected.present(scene);
      assert.equal(await outcomeOf(fixture, answer), expected.outcome);
      assert.equal(await describeSession(fixture, scene.sessionId), expected.session);
      assert.deepEqual(await scene.events(), expected.events ?? []);
      const touched = answer.status === 200 || expected.session === null;
      const names = answer.setCookies.map((line) => line.replace(/=.*/, ""));
      assert.equal(names.length, touched ? 3 : 0, `cookies set: ${names.join(", ") || "none"}`);
    });
  }
}

/** The code, or what the log says of a success. */
async function outcomeOf(fixture: HttpFixture, answer: Answer): Promise<string> {
  if (answer.status !== 200) return codeOf(answer);
  const id = answer.headers.get("x-request-id");
  const [entry] = await fixture.readLog(
    ({ msg, request_id }) => msg === "request" && request_id === id,
    1,
  );
  return String(entry?.["outcome"]);
}

Deno.test("the table has every row", () => {
  assert.deepEqual(
    [...new Set(TABLE.map(({ row }) => row))],
    Array.from({ length: 19 }, (_, row) => row),
  );
});
