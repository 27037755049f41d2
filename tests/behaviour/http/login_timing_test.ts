import assert from "node:assert/strict";
import { openHttpFixture, PASSWORD } from "./fixture.ts";
import { changeUser, signInToSupabaseAuth } from "./people.ts";
import { rankProbability } from "./rank_probability.ts";
import { assertRefused } from "./refusal.ts";

const fixture = await openHttpFixture({ functions: ["unified-auth"] });
Deno.test.afterAll(() => fixture.close());

const { stack, sql } = fixture;

/** Side by side, so that the half seconds of the refusals do not add up. */
const LANES = 3;
const ROUNDS_A_LANE = 8;
/** They burn both cores of a small machine, and tell a difference of 500 ms. */
const BUSY_ROUNDS_A_LANE = 4;

/** Too short to be measured over a network, and a small part of a bcrypt hash. */
const MARGIN_MS = 10;

/** A false alarm in a million for each of the twelve comparisons. */
const ALARM = 1e-6;

/** A quarter of the measurements, whose difference without the common step is 500 ms. */
const BUSY_ALARM = 1e-4;

/** With which pgcrypto takes as long as Supabase Auth with its own, which is 10. */
const BCRYPT_COST = 8;

/** Slower, so that sixteen checks at once take longer than the step of an idle machine. */
const SLOW_BCRYPT_COST = 10;

interface Credentials {
  readonly email: string;
  readonly password: string;
}

async function makeKinds(bcryptCost: number): Promise<Readonly<Record<string, Credentials>>> {
  const [known, banned] = [await fixture.createPerson(), await fixture.createPerson()];
  await sql`
    update auth.users
    set encrypted_password =
      extensions.crypt(${known.password}, extensions.gen_salt('bf', ${bcryptCost}))
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
  const kinds = await makeKinds(BCRYPT_COST);
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

/** Signs in at Supabase Auth itself, as often as it answers, until it is aborted. */
function keepBusy(count: number, { email, password }: Credentials): { stop(): Promise<void> } {
  let goesOn = true;
  const lanes = Array.from({ length: count }, async () => {
    while (goesOn) await signInToSupabaseAuth(fixture, { email, password });
  });
  return {
    async stop() {
      goesOn = false;
      await Promise.all(lanes);
    },
  };
}

Deno.test("nor does it while sixteen passwords are being checked", async () => {
  const { "unknown user": unknown, "wrong password": wrong } = await makeKinds(SLOW_BCRYPT_COST);
  assert.ok(unknown && wrong);
  const load = keepBusy(16, { ...wrong, password: PASSWORD });
  const times = await measure({ unknown, wrong }, async ({ email, password }) => {
    const body = { email, password };
    const answer = await fixture.openBrowser().call("/unified-auth/login", { body });
    assertRefused(answer, "invalid_credentials");
  }, BUSY_ROUNDS_A_LANE).finally(load.stop);
  const ours = findDifference(times);
  assert.ok(ours.probability > BUSY_ALARM, `${ours.summary}, p = ${ours.probability}`);
});
