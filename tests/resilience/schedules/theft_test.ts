/**
 * A copied refresh token, however far from the owner's refresh the thief uses it, and whether or not
 * anybody presents an access token in between: of a session without a key it ends the session within two
 * cycles of refreshes, of a bound one it is granted nothing.
 *
 * @module
 */

import assert from "node:assert/strict";
import { REUSE_INTERVAL_SECONDS } from "../../harness/reuse_interval.ts";
import { SEED_USERS } from "../../../local/platform/seed_users.ts";
import { type Browser, CHROME, codeOf, openBrowser, viewOf } from "../../behaviour/http/browser.ts";
import { createProofKey } from "../../behaviour/http/proof_key.ts";
import { openScheduleFixture } from "./schedule_fixture.ts";
import {
  assertEndedAsStolen,
  assertLivesOn,
  beginLife,
  HOUR,
  readSession,
  type SessionLife,
} from "./session_life.ts";

/** Within the reuse interval nobody can tell two browsers without a key apart. */
const JUST_AFTER_SECONDS = REUSE_INTERVAL_SECONDS + 5;
const OFFSETS_SECONDS = [600, 120, JUST_AFTER_SECONDS].flatMap((seconds) => [-seconds, seconds]);
const NEAR_OFFSETS_SECONDS = [-600, -25, -5, 5, 25, 45, 120];

/** A heartbeat late enough after a refresh to count as a sign that its reply arrived. */
const HEARTBEAT_AFTER_SECONDS = 90;

const CYCLES = 2;

type Party = "owner" | "thief";

interface Theft {
  /** Of the thief's refresh from the owner's. */
  readonly offsetSeconds: number;
  readonly showing: readonly Party[];
  readonly hasKey: boolean;
}

const fixture = await openScheduleFixture();
Deno.test.afterAll(() => fixture.close());
const otherDevice = openBrowser(fixture.stack);
const otherSession = (await otherDevice.login(SEED_USERS.ada)).session.id;

const WHO_SHOWS: readonly (readonly Party[])[] = [[], ["owner"], ["thief"], ["owner", "thief"]];
const thefts = OFFSETS_SECONDS.flatMap((offsetSeconds) =>
  WHO_SHOWS.flatMap((showing) =>
    [false, true].map((hasKey): Theft => ({ offsetSeconds, showing, hasKey }))
  )
);

const openThief = async (life: SessionLife, { hasKey }: { readonly hasKey: boolean }) =>
  life.copyOf(life.owner, { key: hasKey ? await createProofKey() : null });

for (const theft of thefts) {
  Deno.test(`a stolen token is found out: ${nameOf(theft)}`, async () => {
    const life = await beginLife(fixture, { binding: "unbound" });
    const thief = await openThief(life, theft);

    assert.equal(await playOut(life, thief, theft), "refresh_token_already_used");
    await assertEndedAsStolen(life);
    for (const browser of [life.owner, thief]) {
      assert.equal((await browser.validate()).status, 401);
    }
    assert.equal(viewOf(await otherDevice.validate()).session.id, otherSession);
    assert.equal((await readSession(fixture.sql, otherSession)).is_valid, true);
  });
}

for (const hasKey of [false, true]) {
  const thiefHas = hasKey ? "own key" : "no key";
  Deno.test(`a stolen token of a bound session is worth nothing to a thief with ${thiefHas}`, async (test) => {
    for (const offsetSeconds of NEAR_OFFSETS_SECONDS) {
      await test.step(placeOf(offsetSeconds), async () => {
        const life = await beginLife(fixture, { binding: "bound" });
        const thief = life.copyOf(await openThief(life, { hasKey }), { userAgent: CHROME });
        for (let cycle = 0; cycle < 3; cycle += 1) {
          const code = hasKey ? "proof_key_unknown" : "proof_required";
          const steal = async () => assert.equal(codeOf(await thief.refresh()), code);
          const refresh = async () => void viewOf(await life.owner.refresh());
          const [first, second] = offsetSeconds < 0 ? [steal, refresh] : [refresh, steal];
          await first();
          await life.after(Math.abs(offsetSeconds));
          await second();
          await life.after(HOUR);
        }
        await assertLivesOn(life);
        const alarms = (await life.events()).filter((event) => event === "proof_refused");
        assert.equal(alarms.length > 0, hasKey);
      });
    }
  });
}

interface Use {
  readonly atSeconds: number;
  readonly ask: Browser["refresh"];
}

/** Answers the first code that is not a success, or nothing if all went well for everybody. */
async function playOut(
  life: SessionLife,
  thief: Browser,
  { offsetSeconds, showing }: Theft,
): Promise<string | null> {
  const parties = [
    { party: "owner", browser: life.owner, offset: 0 },
    { party: "thief", browser: thief, offset: offsetSeconds },
  ] as const;
  const uses = parties.flatMap(({ party, browser, offset }) =>
    Array.from({ length: CYCLES }, (_, cycle) => cycle * HOUR + offset).flatMap(
      (atSeconds): readonly Use[] => [
        { atSeconds, ask: browser.refresh },
        ...(showing.includes(party)
          ? [{ atSeconds: atSeconds + HEARTBEAT_AFTER_SECONDS, ask: browser.validate }]
          : []),
      ],
    )
  ).sort((left, right) => left.atSeconds - right.atSeconds);

  let now = uses[0]?.atSeconds ?? 0;
  for (const { atSeconds, ask } of uses) {
    if (atSeconds > now) await life.after(atSeconds - now);
    now = atSeconds;
    const answer = await ask();
    if (answer.status !== 200) return codeOf(answer);
  }
  return null;
}

function placeOf(offsetSeconds: number): string {
  return `${Math.abs(offsetSeconds)} s ${offsetSeconds < 0 ? "before" : "after"} the owner`;
}

function nameOf({ offsetSeconds, showing, hasKey }: Theft): string {
  const seen = showing.length === 0 ? "nobody" : showing.join(" and ");
  const thiefHas = hasKey ? "with own key" : "without a key";
  return `${placeOf(offsetSeconds)}, ${thiefHas}, ${seen} seen in between`;
}
