/**
 * Somebody in a soak, honest or not: asks until there is an answer, as a browser does, and lets time
 * pass for a session. Judges no answer.
 *
 * @module
 */

import { setTimeout as delay } from "node:timers/promises";
import type postgres from "postgres";
import { type Chance, seededChance } from "../../tests/harness/chance.ts";
import { askUntilAnswered } from "../../tests/resilience/fault/crowd.ts";
import { backdateAccessToken } from "../../tests/behaviour/http/access_token_forge.ts";
import { ageSession } from "../../local/testing/aging.ts";
import { ACCESS_COOKIE, type Answer, type Browser } from "../../tests/behaviour/http/browser.ts";
import { openTokenForge } from "../../tests/behaviour/http/token_forge.ts";
import type { Stage } from "./stage.ts";

export interface Actor {
  readonly chance: Chance;
  /** Asks until somebody says yes or no. */
  ask(request: () => Promise<Answer>): Promise<Answer>;
  /** Lets time pass for a session and for each holder of its cookies. */
  after(seconds: number, sessionId: string, jars: readonly Browser[]): Promise<void>;
}

/**
 * How long a request that nobody waits for any more may still be under way: a twin, or the first try
 * of one that was repeated. Time that was made to pass sooner would make it hours late, which no
 * network does.
 */
const SETTLED_MS = 250;
const SETTLED_AFTER_OUTAGE_MS = 2_000;

export function createActor(
  stage: Stage,
  { group, name }: { readonly group: "honest" | "thief"; readonly name: string },
): Actor {
  const { network, ledger, query } = stage;
  const { environment } = network.stack;
  const forge = openTokenForge(network.stack);
  let settledAtMs = 0;
  return {
    chance: chanceOf(stage, name),
    async ask(request) {
      const { answer, before } = await askUntilAnswered(request);
      const quietMs = before.length > 0 ? SETTLED_AFTER_OUTAGE_MS : SETTLED_MS;
      settledAtMs = Math.max(settledAtMs, performance.now() + quietMs);
      ledger.count("requests", group, before.length + 1);
      for (const outage of before) ledger.count("deferred", String(outage));
      return answer;
    },
    async after(seconds, sessionId, jars) {
      await delay(Math.max(0, settledAtMs - performance.now()));
      const before = await query((sql) => readCreation(sql, sessionId));
      await query(async (sql) => {
        // Asked again after a lost reply: the session must not age twice where its cookies age once.
        if (await readCreation(sql, sessionId) !== before) return;
        await ageSession(sql, sessionId, seconds);
      });
      for (const jar of jars) {
        if (jar.challenge !== null) jar.challenge = forge.backdate(jar.challenge, seconds);
        if (jar.accessToken === undefined) continue;
        const backdated = await backdateAccessToken(jar.accessToken, { seconds, environment });
        jar.cookies.set(ACCESS_COOKIE, backdated);
      }
    },
  };
}

/** Everybody draws from a separate sequence, so that nobody changes what the others draw. */
export function chanceOf({ seed }: Pick<Stage, "seed">, name: string): Chance {
  let hash = seed;
  for (const character of name) hash = (Math.imul(hash, 31) + character.charCodeAt(0)) | 0;
  return seededChance(hash);
}

async function readCreation(sql: postgres.Sql, sessionId: string): Promise<string> {
  const [row] = await sql<{ created_at: string }[]>`
    select s.created_at::text from public.sessions as s where s.id = ${sessionId}`;
  if (row === undefined) throw new TypeError(`Cannot age session ${sessionId}: there is none`);
  return row.created_at;
}
