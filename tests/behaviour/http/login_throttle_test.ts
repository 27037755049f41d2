import assert from "node:assert/strict";
import { ageLoginThrottle } from "../../../local/testing/aging.ts";
import { type Answer, codeOf, viewOf } from "./browser.ts";
import { openHttpFixture, type Person } from "./fixture.ts";
import { assertRefused } from "./refusal.ts";

const fixture = await openHttpFixture({ functions: ["unified-auth"] });
Deno.test.afterAll(() => fixture.close());

const { sql } = fixture;

const WRONG = "swordfish";

function attempt(
  { email }: Pick<Person, "email">,
  { ip, password }: { readonly ip: string; readonly password: string },
): Promise<Answer> {
  return fixture.openBrowser({ ip }).call("/unified-auth/login", { body: { email, password } });
}

function retryAfterOf({ headers }: Answer): number {
  return Number(headers.get("retry-after"));
}

let networks = 0;

/** So many addresses from which nobody has tried before. */
function newAddresses(count: number): readonly string[] {
  return Array.from({ length: count }, () => {
    networks += 1;
    return `10.9.${networks >> 8}.${networks & 255}`;
  });
}

Deno.test("after five failures the next try waits, and the right password works after the wait", async () => {
  const person = await fixture.createPerson();
  const ip = "198.51.100.7";
  // At once: each is counted before its password is checked.
  const startedAt = performance.now();
  const answers = await Promise.all(
    Array.from({ length: 12 }, () => attempt(person, { ip, password: WRONG })),
  );
  const checked = answers.filter((answer) => codeOf(answer) === "invalid_credentials").length;
  const delaysOver = Math.floor(Math.log2(1 + (performance.now() - startedAt) / 1000));
  assert.ok(checked >= 6 && checked <= 6 + delaysOver, `${checked} passwords were checked`);
  for (const answer of answers.filter(({ status }) => status !== 401)) {
    assertRefused(answer, "over_request_rate_limit");
  }
  const fromAnother = await attempt(person, { ip: "198.51.100.70", password: person.password });
  assert.equal(fromAnother.status, 200, "another address is not made to wait");

  let answer: Answer;
  do answer = await attempt(person, { ip, password: person.password }); while (
    codeOf(answer) === "over_request_rate_limit"
  );
  assert.equal(answer.status, 200);
});

Deno.test("the delay doubles with every further failure, and a right password forgives them all", async () => {
  const person = await fixture.createPerson();
  const ip = "198.51.100.8";
  const guess = () => attempt(person, { ip, password: WRONG });
  const signIn = () => attempt(person, { ip, password: person.password });
  await Promise.all(Array.from({ length: 6 }, guess));
  for (const expectedSeconds of [2, 4, 8, 16, 32]) {
    await ageLoginThrottle(sql, expectedSeconds / 2);
    assert.equal(codeOf(await guess()), "invalid_credentials");
    if (expectedSeconds < 16) continue; // over before a busy machine asks again
    const refused = await signIn();
    assertRefused(refused, "over_request_rate_limit");
    // Part of it has gone by meanwhile, and less than a half.
    const seconds = retryAfterOf(refused);
    assert.ok(seconds > expectedSeconds / 2 && seconds <= expectedSeconds, `${seconds} s`);
  }
  await ageLoginThrottle(sql, 32);
  assert.equal((await signIn()).status, 200);
  assertRefused(await guess(), "invalid_credentials");
  assert.equal((await signIn()).status, 200, "success has forgiven the failures");
});

Deno.test("addresses of one IPv6 network share their delays", async () => {
  const person = await fixture.createPerson();
  const from = (at: number) => ({ ip: `2001:db8:7:${at}::${at}`, password: WRONG });
  await Promise.all(Array.from({ length: 6 }, (_, at) => attempt(person, from(at))));
  await ageLoginThrottle(sql, -600); // the delay is still to come
  assertRefused(await attempt(person, from(9)), "over_request_rate_limit");
});

Deno.test("while passwords are guessed from many addresses the owner waits once, as long as Retry-After says, and their sessions not at all", async () => {
  const { person, browser } = await fixture.signIn();
  const guessers = newAddresses(130);
  const guessFromAll = async () =>
    (await Promise.all(guessers.map((ip) => attempt(person, { ip, password: WRONG }))))
      .map(codeOf);
  const guessing = await guessFromAll();
  // The owner's own sign-in was refunded.
  assert.equal(guessing.filter((code) => code === "invalid_credentials").length, 101);

  const home = { ip: "203.0.113.40", password: person.password };
  const answered = await attempt(person, home);
  assertRefused(answered, "over_request_rate_limit");
  assert.ok(
    retryAfterOf(answered) >= 1 && retryAfterOf(answered) <= 900,
    `${retryAfterOf(answered)} s`,
  );

  viewOf(await browser.validate());
  viewOf(await browser.refresh());

  await ageLoginThrottle(sql, retryAfterOf(answered));
  await guessFromAll();
  assert.equal((await attempt(person, { ...home, ip: "203.0.113.41" })).status, 429);
  viewOf(await attempt(person, home));
});

Deno.test("a throttled answer is the same whether there is such a user or not", async () => {
  const known = await fixture.createPerson();
  const unknown = { email: `nobody-${crypto.randomUUID()}@example.com` };
  const story = async (person: Pick<Person, "email">) => {
    const answered: unknown[] = [];
    const note = ({ status, headers, body: { request_id: _, ...body } }: Answer) =>
      answered.push([status, body, [...headers.keys()]]);
    const guess = (ip: string) => attempt(person, { ip, password: WRONG });

    (await Promise.all(Array.from({ length: 6 }, () => guess("198.51.100.9")))).forEach(note);
    await ageLoginThrottle(sql, -600); // the delay is still to come
    const delayed = await guess("198.51.100.9");
    note(delayed);
    assert.ok(retryAfterOf(delayed) > 500 && retryAfterOf(delayed) <= 601);

    const guessers = newAddresses(110);
    await Promise.all(guessers.map(guess));
    await ageLoginThrottle(sql, 2); // each has its turn: far beyond the free failures
    await Promise.all(guessers.map(guess));
    const guessed = await guess("198.51.100.10");
    note(guessed);
    assert.ok(retryAfterOf(guessed) > 2 && retryAfterOf(guessed) <= 900);
    await ageLoginThrottle(sql, 3600);
    return answered;
  };
  assert.deepEqual(await story(unknown), await story(known));
});
