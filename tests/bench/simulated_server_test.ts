import assert from "node:assert/strict";
import type postgres from "postgres";
import { simulateBrowser } from "../../bench/simulation/browser.ts";
import { type PersonKind, planDays } from "../../bench/simulation/people.ts";
import { createRandom } from "../../bench/simulation/random.ts";
import {
  createSimulatedServer,
  DEFAULT_POLICY,
  type Traffic,
} from "../../bench/simulation/server.ts";
import { ageSession } from "../../local/aging.ts";
import { openSqlFixture } from "../sql/sql_fixture.ts";
import type { GenuineRefreshToken } from "../../supabase/functions/_shared/refresh_token.ts";

const DAY_MS = 86_400_000;

interface Request {
  readonly action: "validate" | "refresh";
  readonly atMs: number;
}

Deno.test("the database writes for a day's requests what the simulated server counts", async () => {
  await using fixture = await openSqlFixture({
    policy: { activityIntervalSeconds: DEFAULT_POLICY.activityIntervalMs / 1000 },
  });
  for (const kind of ["worker", "regular", "passer"] as const) {
    const { requests, traffic, generation } = simulate(kind);
    assert.ok(requests.length > 0, kind);

    const { sessions, admin, userId } = fixture;
    let token = await sessions.signIn(userId);
    const counted: Traffic = { validates: 0, refreshes: 0, autoRefreshes: 0, writingValidates: 0 };
    let nowMs = 0;
    for (const { action, atMs } of requests) {
      await ageSession(admin, token.sessionId, (atMs - nowMs) / 1000);
      nowMs = atMs;
      const before = await readRow(admin, token);
      counted[action === "refresh" ? "refreshes" : "validates"]++;
      if (action === "validate" && !before.expired) {
        assert.equal((await sessions.validate(token)).outcome, "active");
        const { version } = await readRow(admin, token);
        if (version !== before.version) counted.writingValidates++;
        continue;
      }
      if (action === "validate") counted.autoRefreshes++;
      const { held, answer } = await sessions.rotate(token);
      assert.ok(held, answer.outcome);
      token = held;
    }
    assert.deepEqual(
      { ...counted, generation: token.generation },
      { ...traffic, generation },
      kind,
    );
  }
});

/** A day that begins with a login. */
function simulate(kind: PersonKind) {
  const requests: Request[] = [];
  const server = createSimulatedServer({
    issuedAtMs: 0,
    onRequest: (action, atMs) => void requests.push({ action, atMs }),
  });
  const random = createRandom(1);
  const events = planDays(kind, { days: 1, random });
  simulateBrowser(events, { server, endMs: DAY_MS, random });
  return { requests, traffic: { ...server.traffic }, generation: server.generation() };
}

async function readRow(
  sql: postgres.Sql,
  { sessionId }: GenuineRefreshToken,
): Promise<{ readonly version: string; readonly expired: boolean }> {
  const [row] = await sql<{ version: string; expired: boolean }[]>`
    select s.ctid::text || s.xmin::text as version,
      s.access_token_expires_at <= clock_timestamp() as expired
    from public.sessions as s
    where s.id = ${sessionId}`;
  assert.ok(row);
  return row;
}
