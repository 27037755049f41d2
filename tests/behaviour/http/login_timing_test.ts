import assert from "node:assert/strict";
import { startFaultyProject } from "../../resilience/fault/faulty_provider.ts";
import { openHttpFixture } from "./fixture.ts";
import { changeUser } from "./people.ts";
import { rankProbability } from "./rank_probability.ts";
import { assertRefused } from "./refusal.ts";

const fixture = await openHttpFixture({ functions: ["unified-auth"] });
Deno.test.afterAll(() => fixture.close());

const { stack, sql } = fixture;

/** Side by side, so that the half seconds of the refusals do not add up. */
const LANES = 3;
const ROUNDS_A_LANE = 8;
/** They tell a difference of 500 ms. */
const SLOW_ROUNDS_A_LANE = 4;

/** Too short to be measured over a network, and a small part of a bcrypt hash. */
const MARGIN_MS = 10;

/** A false alarm in a million for each of the twelve comparisons. */
const ALARM = 1e-6;

/** A quarter of the measurements, whose difference without the common step is 500 ms. */
const SLOW_ALARM = 1e-4;

/** With which pgcrypto takes as long as Supabase Auth with its own, which is 10. */
const BCRYPT_COST = 8;

/** Longer than the step of an idle machine, which is half a second. */
const SLOW_CHECK_MS = 550;

interface Credentials {
  readonly email: string;
  readonly password: string;
}

async function makeKinds(): Promise<Readonly<Record<string, Credentials>>> {
  const [known, banned] = [await fixture.createPerson(), await fixture.createPerson()];
  await sql`
    update auth.users
    set encrypted_password =
      extensions.crypt(${known.password}, extensions.gen_salt('bf', ${BCRYPT_COST}))
    where id in (${known.id}, ${banned.id})`;
  await changeUser(fixture, banned, { ban_duration: "24h" });
  return {
    "unknown user": { email: "nobody@example.com", password: "swordfish" },
    "wrong password": { email: known.email, password: "swordfish" },
    "banned user": banned,
    "banned user, wrong password": { email: banned.email, password: "swordfish" },
  };
}

/** Interleaved, in a new order each round: what the machine does meanwhile befalls each kind alike. */
async function measure(
  kinds: Readonly<Record<string, Credentials>>,
  ask: (credentials: Credentials) => Promise<void>,
  rounds = ROUNDS_A_LANE,
): Promise<ReadonlyMap<string, readonly number[]>> {
  const times = new Map<string, number[]>(Object.keys(kinds).map((kind) => [kind, []]));
  const runLane = async () => {
    for (let round = 0; round <= rounds; round += 1) {
      const shuffled = Object.entries(kinds)
        .map((entry) => ({ entry, place: Math.random() }))
        .toSorted((left, right) => left.place - right.place);
      for (const { entry: [kind, credentials] } of shuffled) {
        const startedAt = performance.now();
        await ask(credentials);
        if (round > 0) times.get(kind)?.push(performance.now() - startedAt); // the first warms up
      }
    }
  };
  await Promise.all(Array.from({ length: LANES }, runLane));
  return times;
}

/** The least probable of "one kind takes longer than another by more than the margin". */
function findDifference(
  times: ReadonlyMap<string, readonly number[]>,
): { readonly probability: number; readonly summary: string } {
  const found = [...times].flatMap(([slow, slowTimes]) =>
    [...times].filter(([quick]) => quick !== slow).map(([quick, quickTimes]) => ({
      probability: rankProbability(slowTimes, quickTimes.map((time) => time + MARGIN_MS)),
      summary: `${slow} (${medianOf(slowTimes)} ms) against ${quick} (${medianOf(quickTimes)} ms)`,
    }))
  );
  return found.reduce((least, each) => each.probability < least.probability ? each : least);
}

function medianOf(times: readonly number[]): number {
  return Math.round(times.toSorted((left, right) => left - right)[times.length >> 1] ?? 0);
}

Deno.test("the time of a refusal does not tell an unknown user, a wrong password and a banned user apart", async () => {
  const kinds = await makeKinds();
  const { "unknown user": unknown, "wrong password": wrong } = kinds;
  assert.ok(unknown && wrong);

  // The same question to Supabase Auth itself: were the test blind, it would be so here too.
  const provider = findDifference(
    await measure({ unknown, wrong }, async ({ email, password }) => {
      const response = await fetch(`${stack.baseUrl}/auth/v1/token?grant_type=password`, {
        method: "POST",
        headers: { apikey: stack.keys.publishable, "content-type": "application/json" },
        body: JSON.stringify({ email, password }),
      });
      assert.equal(response.status, 400, await response.text());
    }),
  );
  assert.ok(provider.probability < 1e-3, `the test sees nothing: ${provider.summary}`);

  const ours = findDifference(
    await measure(kinds, async ({ email, password }) => {
      const body = { email, password };
      const answer = await fixture.openBrowser().call("/unified-auth/login", { body });
      assertRefused(answer, "invalid_credentials");
    }),
  );
  assert.ok(ours.probability > ALARM, `${ours.summary}, p = ${ours.probability}`);
});

Deno.test("nor does it while the checks of passwords take longer than a step", async () => {
  const { "unknown user": unknown, "wrong password": wrong } = await makeKinds();
  assert.ok(unknown && wrong);
  await using project = await startFaultyProject(stack, { onLine: () => {} });
  // A busy Supabase Auth: it still answers at once where there is no password to check.
  project.setFault(async (request) => {
    if ((await request.clone().text()).includes(wrong.email)) await wait(SLOW_CHECK_MS);
    return null;
  });
  const times = await measure({ unknown, wrong }, async ({ email, password }) => {
    const browser = fixture.openBrowser({ functionsUrl: project.functionsUrl });
    const answer = await browser.call("/unified-auth/login", { body: { email, password } });
    assertRefused(answer, "invalid_credentials");
  }, SLOW_ROUNDS_A_LANE);
  const ours = findDifference(times);
  assert.ok(ours.probability > SLOW_ALARM, `${ours.summary}, p = ${ours.probability}`);
});

function wait(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
