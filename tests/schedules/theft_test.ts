/**
 * A copied refresh token ends its session within two cycles of refreshes, however far from the owner's
 * refresh the thief used it, and whether or not anybody shows an access token in between.
 *
 * @module
 */

import assert from "node:assert/strict";
import { SEED_USERS } from "../../local/seed_users.ts";
import { type Browser, CHROME, codeOf, FIREFOX, openBrowser, viewOf } from "../http/browser.ts";
import { beginLife, HOUR, readSession, type SessionLife } from "./session_life.ts";
import { openWorld } from "./world.ts";

const OFFSETS_SECONDS = [-600, -120, -25, -5, 5, 25, 45, 120, 600];

/** How near to each other two uses by one browser may be without being suspicious. */
const WINDOW_SECONDS = 60;

/** A heartbeat late enough after a refresh to count as a sign that its reply arrived. */
const HEARTBEAT_AFTER_SECONDS = 90;

const CYCLES = 2;

type Party = "owner" | "thief";

interface Theft {
  /** Of the thief's refresh from the owner's. */
  readonly offsetSeconds: number;
  readonly showing: readonly Party[];
  readonly userAgent: string;
}

const world = await openWorld();
const otherDevice = openBrowser(world.stack);
const otherSession = (await otherDevice.login(SEED_USERS.ada)).session.id;

const WHO_SHOWS: readonly (readonly Party[])[] = [[], ["owner"], ["thief"], ["owner", "thief"]];
const thefts = OFFSETS_SECONDS.flatMap((offsetSeconds) =>
  WHO_SHOWS.flatMap((showing) =>
    [CHROME, FIREFOX].map((userAgent): Theft => ({ offsetSeconds, showing, userAgent }))
  )
).filter(({ offsetSeconds, userAgent }) =>
  userAgent !== FIREFOX || Math.abs(offsetSeconds) > WINDOW_SECONDS
);

for (const theft of thefts) {
  Deno.test(`a stolen token is found out: ${nameOf(theft)}`, async () => {
    const life = await beginLife(world, "confirmed");
    const thief = life.copyOf(life.owner, { userAgent: theft.userAgent });

    assert.equal(await playOut(life, thief, theft), "refresh_token_already_used");
    const session = await readSession(world.sql, life.sessionId);
    assert.deepEqual(
      [session.is_valid, session.revoked_reason],
      [false, "reused"],
    );
    assert.equal((await life.events()).filter((event) => event === "reuse_detected").length, 1);
    for (const browser of [life.owner, thief]) {
      assert.equal((await browser.validate()).status, 401);
    }
    assert.equal(viewOf(await otherDevice.validate()).session.id, otherSession);
    assert.equal((await readSession(world.sql, otherSession)).is_valid, true);
  });
}

Deno.test({
  name: "the world of the thefts ends",
  sanitizeOps: false,
  sanitizeResources: false,
  fn: world.close,
});

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

function nameOf({ offsetSeconds, showing, userAgent }: Theft): string {
  const when = `${Math.abs(offsetSeconds)} s ${offsetSeconds < 0 ? "before" : "after"} the owner`;
  const seen = showing.length === 0 ? "nobody" : showing.join(" and ");
  const browser = userAgent === FIREFOX ? "the same browser" : "another browser";
  return `${when}, by ${browser}, ${seen} seen in between`;
}
