/**
 * Which sessions nothing but their user, age or the cap may end, and which thefts must be found.
 *
 * A session is *unblemished* while all that happened to it is what an honest browser and an honest
 * network do, however often and in whatever order:
 *
 * - only the browser that signed in, with all its tabs and its server renders, presents its tokens;
 * - replies are lost, whole or one of their two cookies, at any time, and asked for again at any time;
 * - a second copy of a request arrives up to `W` after the first, a reply up to `W` after it was made;
 * - a crash brings back the cookies of up to `W` before (browsers write theirs to disk every 30 s);
 * - of a bound session requests, replies and cookies may come back however late.
 *
 * An unblemished session ends by what its user or the operator did, by age, or by the cap: never as
 * `reused`, and no request of its browser is refused in any other way. A thief, a leaked key, or a
 * network that is later than `W` blemishes it: then the specification alone says what must happen.
 *
 * A theft from a session without a key must be found within two cycles, unless the thief is given the
 * owner's own token, within `W` of it; a cycle ends when owner and thief have each rotated the session
 * or been refused, and have the reply to that. A thief whose replies are lost has gained nothing and
 * presents the same token again.
 *
 * @module
 */

import assert from "node:assert/strict";
import { type Client, type Jar, keyName, sessionsOf } from "./clients.ts";
import type { Presenting } from "./requests.ts";
import { endOf, REBIND_AFTER, REUSE_INTERVAL } from "./rotation_model.ts";
import type { ModelFixture } from "./model_fixture.ts";

interface Theft {
  readonly thief: Client;
  readonly owner: Client;
  readonly sessionId: string;
  cycles: number;
  readonly acted: Set<Client>;
}

export interface Answered extends Presenting {
  readonly result: string;
  /** A page waits for the answer, and signs the challenges that it is given. */
  readonly asksAgain: boolean;
}

export interface Honesty {
  blemish(jar: Jar, why: string): void;
  /** Called when something is `age` late. */
  blemishIfLate(jar: Jar, late: { readonly age: number; readonly what: string }): void;
  recordTheft(theft: { readonly thief: Client; readonly owner: Client }): void;
  /** Called before a request that presents a jar. */
  beforePresenting(client: Client, presented: Presenting): void;
  /** Called with the answer. */
  afterPresenting(client: Client, answered: Answered): void;
  /** Called when a refresh has ended for its client: refused, or its whole reply has arrived. */
  afterRefreshing(client: Client, refreshed: { readonly jar: Jar; readonly result: string }): void;
}

/** Answers that an honest browser may get, besides that it is signed in. */
const EXPECTED_REFUSALS = new Set([
  "session_revoked",
  "session_evicted",
  "session_expired",
  "user_banned",
  "access_token_expired",
  "access_token_missing",
  "access_token_superseded",
  "refresh_token_missing",
  "grace_window_elapsed",
]);

const GRANTED = /^(?:unchanged|rotated|replayed|reissued)/;
const HELD = /^(?:active|grace|(?:unchanged|rotated|replayed|reissued), \d+\.\d+)$/;

/** A request that cannot prove the token's key, of a renderer or after a loss, is refused and ends nothing. */
function isExpectedOfKeys(
  { key }: Client,
  { jar, proof, asksAgain, result }: Answered,
): boolean {
  if (result === "proof_required") return proof.kind === "none" || !asksAgain;
  return result === "proof_key_unknown" && keyName(jar.refresh?.key ?? null) !== keyName(key);
}

export function createHonesty(fixture: ModelFixture): Honesty {
  const blemishes = new Map<string, string>();
  let thefts: Theft[] = [];
  /** The session of the last request is bound to the key that its token names, and in use. */
  let isProtected = false;

  const blemish = (jar: Jar, why: string) => {
    for (const id of sessionsOf(jar)) {
      if (!blemishes.has(id)) blemishes.set(id, why);
    }
  };

  return {
    blemish,
    blemishIfLate(jar, { age, what }) {
      const isUnbound = jar.refresh === null || jar.refresh.key === null;
      if (age > REUSE_INTERVAL && isUnbound) blemish(jar, what);
    },
    recordTheft({ thief, owner }) {
      thefts = thefts.filter((known) => known.thief !== thief);
      const sessionId = thief.jar.refresh?.sessionId;
      if (sessionId === undefined) return;
      thefts.push({ thief, owner, sessionId, cycles: 0, acted: new Set() });
    },
    beforePresenting(client, { jar }) {
      const session = fixture.model.sessions.get(jar.refresh?.sessionId ?? "");
      isProtected = session !== undefined && session.key !== null &&
        session.key === keyName(jar.refresh?.key ?? null) &&
        fixture.now() <= session.issuedAt + REBIND_AFTER;
      // A copied token that names a key is nothing to the owner, as long as it is refused.
      if (client.isThief && jar.refresh?.key === null) blemish(jar, "a thief");
    },
    afterPresenting(client, { jar, proof, asksAgain, result }) {
      const isSameKey = proof.kind === "signed" &&
        keyName(proof.key) === keyName(jar.refresh?.key ?? null);
      if (client.isThief && jar.refresh?.key && !isSameKey && GRANTED.test(result)) {
        assert.ok(!isProtected, `a thief without the key is answered ${result}`);
        blemish(jar, "a thief who has taken over");
      }
      // Past the fourth reissue nothing is merged, and replies in disorder may leave a lost branch.
      if (/^reissued, \d+\.(?:[5-9]|\d\d)/.test(result)) blemish(jar, "many lost replies");
      if (isExpectedOfKeys(client, { jar, proof, asksAgain, result })) return;
      const unblemished = [...sessionsOf(jar)].every((id) => !blemishes.has(id));
      if (!client.isThief && unblemished) {
        assert.ok(
          HELD.test(result) || EXPECTED_REFUSALS.has(result),
          `an honest browser is answered ${result}`,
        );
      }
    },
    afterRefreshing(client, { jar, result }) {
      if (/^proof_/.test(result)) return;
      if (/^(?:unchanged|replayed)/.test(result)) {
        thefts = thefts.filter((theft) =>
          jar.refresh?.sessionId !== theft.sessionId ||
          (client !== theft.thief && client !== theft.owner)
        );
        return;
      }
      for (const theft of thefts) {
        if (jar.refresh?.sessionId !== theft.sessionId) continue;
        if (client === theft.thief || client === theft.owner) theft.acted.add(client);
        if (theft.acted.size < 2) continue;
        theft.cycles += 1;
        theft.acted.clear();
        const session = fixture.model.sessions.get(theft.sessionId);
        assert.ok(
          theft.cycles < 2 || session === undefined || endOf(session, fixture.now()) !== null,
          "a theft is not found within two cycles",
        );
      }
    },
  };
}
