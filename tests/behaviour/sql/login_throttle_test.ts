import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { ageLoginThrottle } from "../../../local/testing/aging.ts";
import type {
  LoginAdmission,
  LoginCharge,
  ThrottleBucket,
} from "../../../supabase/functions/_shared/store/session_store.ts";
import {
  ACCOUNT_LIMIT,
  NETWORK_LIMIT,
  PAIR_LIMIT,
  RIGHT_PASSWORD_RATE,
} from "../../../supabase/functions/_shared/sessions/login_throttle.ts";
import { openSqlFixture } from "./sql_fixture.ts";
import { contextOf, openSqlSessions } from "./sql_sessions.ts";

type Limits = Readonly<Record<"pair" | "account" | "network", Omit<ThrottleBucket, "id">>>;

const LIMITS: Limits = { pair: PAIR_LIMIT, account: ACCOUNT_LIMIT, network: NETWORK_LIMIT };

interface Attempt {
  readonly account: string;
  readonly network: string;
}

async function openThrottle(limits: Limits = LIMITS) {
  const fixture = await openSqlFixture();
  // As many connections as distributed guessing would find: the attempts meet in the database.
  const { store } = openSqlSessions(fixture.database.connectAs("service_role", { max: 8 }), {
    policy: RIGHT_PASSWORD_RATE,
  });
  const id = (name: string) => new Uint8Array(createHash("sha256").update(name).digest());
  return {
    ...fixture,
    store,
    pass: (seconds: number) => ageLoginThrottle(fixture.admin, seconds),
    attempt: ({ account, network }: Attempt): Promise<LoginAdmission> =>
      store.admitLogin([
        { id: id(`pair ${account} ${network}`), ...limits.pair },
        { id: id(`account ${account}`), ...limits.account },
        { id: id(`network ${network}`), ...limits.network },
      ]),
    refund: (charge: LoginCharge) =>
      store.recordLoginFailure({ charge, refunded: true, reason: null }, contextOf()),
    async countBuckets(): Promise<number> {
      const [row] = await fixture.admin<{ buckets: number }[]>`
        select count(*)::int as buckets from unified_auth.login_throttle`;
      return row?.buckets ?? 0;
    },
    [Symbol.asyncDispose]: fixture[Symbol.asyncDispose],
  };
}

function countAdmitted(admissions: readonly LoginAdmission[]): number {
  return admissions.filter(({ kind }) => kind === "admitted").length;
}

function requireAdmitted(admission: LoginAdmission): LoginCharge {
  return admission.kind === "admitted" ? admission.charge : assert.fail("delayed");
}

function delayOf(admission: LoginAdmission): number {
  return admission.kind === "delayed" ? admission.retryAfterSeconds : 0;
}

const numbered = (count: number, make: (at: number) => Attempt) =>
  Array.from({ length: count }, (_, at) => make(at));

Deno.test("of guesses sent at once, no more pass than of guesses sent one by one", async () => {
  await using throttle = await openThrottle();
  const atOnce = async (
    attempts: readonly Attempt[],
    { freeFailures }: { freeFailures: number },
  ) => {
    const startedAt = performance.now();
    const admitted = countAdmitted(await Promise.all(attempts.map(throttle.attempt)));
    const delaysOver = Math.floor(Math.log2(1 + (performance.now() - startedAt) / 1000));
    assert.ok(
      admitted > freeFailures && admitted <= freeFailures + 1 + delaysOver,
      `${admitted} of ${attempts.length} passed`,
    );
  };
  await atOnce(numbered(60, () => ({ account: "ada", network: "a" })), PAIR_LIMIT);
  await atOnce(numbered(150, (at) => ({ account: "eve", network: `e${at}` })), ACCOUNT_LIMIT);
  await atOnce(numbered(150, (at) => ({ account: `n${at}`, network: "n" })), NETWORK_LIMIT);
});

Deno.test("delays double up to the longest, and failures are forgiven one by one", async () => {
  await using throttle = await openThrottle();
  const guess = () => throttle.attempt({ account: "ada", network: "a" });
  for (let at = 0; at < 6; at += 1) requireAdmitted(await guess());
  for (const expectedSeconds of [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]) {
    // Of the failures before, the waits themselves have forgiven a part.
    const seconds = delayOf(await guess());
    assert.ok(
      seconds <= expectedSeconds && seconds > expectedSeconds / 2.5,
      `${seconds} s for ${expectedSeconds} s`,
    );
    await throttle.pass(seconds);
    requireAdmitted(await guess());
  }
  await throttle.pass(900 * 16);
  for (let at = 0; at < 6; at += 1) requireAdmitted(await guess());
});

Deno.test("an owner who waits as long as Retry-After said is let in, whatever others do meanwhile", async () => {
  const limits = {
    ...LIMITS,
    account: { freeFailures: 3, forgiveSeconds: 3600, maxDelaySeconds: 2 },
  };
  await using throttle = await openThrottle(limits);
  const guessing = new AbortController();
  let [attempts, guesses] = [0, 0];
  const guessFromAll = async (worker: number) => {
    for (let at = 0; !guessing.signal.aborted; at += 1) {
      const network = `${worker}.${at % 20}`;
      attempts += 1;
      guesses += countAdmitted([await throttle.attempt({ account: "ada", network })]);
    }
  };
  const startedAt = performance.now();
  const guessers = [0, 1, 2, 3, 4, 5].map(guessFromAll);
  try {
    const owner = { account: "ada", network: "home" };
    while (attempts < 200) await throttle.attempt({ account: "another", network: "other" });
    for (let visit = 0; visit < 2; visit += 1) {
      const seconds = delayOf(await throttle.attempt(owner));
      assert.ok(seconds > 0 && seconds <= 2, `has to wait ${seconds} s`);
      await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
      requireAdmitted(await throttle.attempt(owner));
    }
  } finally {
    guessing.abort();
    await Promise.all(guessers);
  }
  const turns = 1 + Math.ceil((performance.now() - startedAt) / 1000 / 2);
  assert.ok(guesses <= 4 + 120 * turns, `${guesses} guesses passed in ${turns} turns`);
});

Deno.test("distributed guessing makes every network wait the longer the more networks take part, and is soon forgotten", async () => {
  await using throttle = await openThrottle();
  const guessing = numbered(160, (at) => ({ account: "ada", network: `s${at}` }));
  const delays: number[] = [];
  const wave = async () => {
    delays.push(...(await Promise.all(guessing.map(throttle.attempt))).map(delayOf));
  };
  await wave();
  for (let at = 0; at < 15; at += 1) {
    await throttle.pass(60);
    await wave();
  }
  const seconds = delayOf(await throttle.attempt({ account: "ada", network: "fresh" }));
  assert.ok(seconds > 60 && seconds <= 900, `${seconds} s`);
  assert.ok(Math.max(...delays) <= 900, "nobody ever waits longer than a quarter of an hour");
  await throttle.pass(36 * 12);
  requireAdmitted(await throttle.attempt({ account: "ada", network: "another" }));
});

Deno.test("a refund leaves the throttle as if the login had not been tried", async () => {
  await using throttle = await openThrottle();
  const { attempt, refund } = throttle;
  const guess = () => attempt({ account: "ada", network: "a" });
  for (let at = 0; at < 50; at += 1) await refund(requireAdmitted(await guess()));
  for (let at = 0; at < 12; at += 1) {
    requireAdmitted(await guess());
    if (at > 4) await throttle.pass(delayOf(await guess()));
  }
  const older = requireAdmitted(await guess());
  const seconds = delayOf(await guess());
  assert.ok(seconds > 60, `${seconds} s`);
  await throttle.pass(seconds);
  const newer = requireAdmitted(await guess());
  await refund(older); // does not lift the delay that the newer one brought
  assert.ok(delayOf(await guess()) > 30);
  await refund(newer);
  requireAdmitted(await guess());
});

Deno.test("a refund gives the turn back that the login had taken", async () => {
  await using throttle = await openThrottle();
  for (const each of numbered(101, (at) => ({ account: "ada", network: `s${at}` }))) {
    await throttle.attempt(each);
  }
  const owner = { account: "ada", network: "home" };
  await throttle.pass(delayOf(await throttle.attempt(owner)));
  for (const each of numbered(20, (at) => ({ account: "ada", network: `s${at}` }))) {
    await throttle.attempt(each); // so that there is something to wait for
  }
  for (let outage = 0; outage < 3; outage += 1) {
    await throttle.refund(requireAdmitted(await throttle.attempt(owner)));
  }
  requireAdmitted(await throttle.attempt(owner));
});

Deno.test("a network that is held up leaves no row behind for the accounts it names", async () => {
  await using throttle = await openThrottle();
  const attempts = numbered(101, (at) => ({ account: `n${at}`, network: "n" }));
  for (const each of attempts) await throttle.attempt(each);
  const before = await throttle.countBuckets();
  for (const each of numbered(50, (at) => ({ account: `m${at}`, network: "n" }))) {
    assert.ok(delayOf(await throttle.attempt(each)) > 0);
  }
  assert.equal(await throttle.countBuckets(), before);
});

Deno.test("right passwords are bounded by account and hour, whatever network they come from", async () => {
  await using throttle = await openThrottle();
  const { admin, store } = throttle;
  const account = "ada";
  let networks = 0;
  const attempt = () => throttle.attempt({ account, network: `${networks += 1}` });
  const signIn = async (): Promise<number> => {
    const admission = await attempt();
    if (admission.kind === "delayed") return admission.retryAfterSeconds;
    const failure = { charge: admission.charge, refunded: true, reason: null };
    await store.recordLoginFailure({ ...failure, passwordWasRight: true }, contextOf());
    return 0;
  };
  for (let at = 0; at < 120; at += 1) assert.equal(await signIn(), 0, `sign-in ${at + 1}`);
  const delay = await signIn();
  assert.ok(delay > 20 && delay <= 30, `${delay} s`);

  // Nothing that is no right password of this account counts.
  for (let at = 0; at < 5; at += 1) {
    requireAdmitted(await throttle.attempt({ account: "grace", network: "n" }));
  }
  await throttle.pass(30);
  assert.equal(await signIn(), 0, "one more each half minute");
  assert.ok(await signIn() > 0);
  await throttle.pass(3600);
  for (let at = 0; at < 120; at += 1) assert.equal(await signIn(), 0, "all of them after an hour");
  assert.ok(await signIn() > 0);

  // The clock is set back by a day: nobody waits longer than a burst takes.
  await throttle.pass(-86_400);
  await admin`update unified_auth.login_throttle set charged_at = now(), blocked_until = now()`;
  const delayed = await attempt();
  assert.ok(delayed.kind === "delayed" && delayed.retryAfterSeconds <= 30);
});
