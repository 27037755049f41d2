import assert from "node:assert/strict";
import { ageLoginThrottle } from "../../../local/testing/aging.ts";
import { insertPerson } from "../../harness/people.ts";
import { type Answer, type Browser, viewOf } from "../http/browser.ts";
import { countIdentitySessions } from "../http/people.ts";
import { assertRefused } from "../http/refusal.ts";
import { openSignInFixture, sessionsIn, WRONG_CODE } from "./sign_in_fixture.ts";

const fixture = await openSignInFixture();
Deno.test.afterAll(() => fixture.close());

const { stack, sql, post, visit, lastMessage } = fixture;

async function timed(call: () => Promise<Answer>) {
  const startedAt = performance.now();
  const answer = await call();
  return { answer, elapsedMs: performance.now() - startedAt };
}

function assertPending(answer: Answer, status: string): void {
  assert.equal(answer.status, 202, JSON.stringify(answer.body));
  assert.equal(answer.body["status"], status);
}

async function requestLink(browser: Browser, email: string) {
  assertPending(await post(browser, "/otp", { email }), "sent");
  return lastMessage(email);
}

Deno.test("a code from a mail signs in the browser that asked for it", async () => {
  const [browser, person] = [fixture.openBrowser(), await fixture.createPerson()];
  const { token } = await requestLink(browser, person.email);
  const { user, session } = viewOf(
    await post(browser, "/verify", {
      email: person.email.toUpperCase(),
      token,
      device_name: "Desk",
    }),
  );
  assert.deepEqual([user.id, session.aal], [person.id, "aal1"]);
  assert.equal((await fixture.readSession(session.id))["device_name"], "Desk");
  assert.equal(await countIdentitySessions(fixture, person), 0);
  assert.deepEqual([...browser.cookies.keys()].sort(), [
    "__Host-session_access",
    "__Host-session_present",
    "__Host-session_refresh",
  ]);
});

Deno.test("the mail's link leads to a page of ours and never to Supabase Auth's own", async () => {
  const [browser, person] = [fixture.openBrowser(), await fixture.createPerson()];
  const { body, tokenHash } = await requestLink(browser, person.email);
  const [, link = ""] = /href="([^"]+)"/.exec(body) ?? [];
  const url = new URL(link.replaceAll("&amp;", "&"));
  assert.equal(url.pathname, "/functions/v1/unified-auth/confirm");
  assert.equal(url.searchParams.get("token_hash"), tokenHash);
  assert.ok(!body.includes("/auth/v1/"));
});

Deno.test("the link's page redeems nothing, runs one script, and tells no other site its address", async () => {
  const [browser, person] = [fixture.openBrowser(), await fixture.createPerson()];
  const { tokenHash } = await requestLink(browser, person.email);
  const confirm = `/confirm?token_hash=${tokenHash}&type=magiclink`;
  for (let fetches = 0; fetches < 3; fetches += 1) {
    const page = await visit(fixture.openBrowser(), confirm);
    assert.equal(page.status, 200);
    assert.match(page.headers.get("content-type") ?? "", /^text\/html/);
    assert.equal(page.headers.get("referrer-policy"), "no-referrer");
    const policy = page.headers.get("content-security-policy") ?? "";
    assert.match(policy, /default-src 'none'; script-src 'sha256-[\w+/=]+';/);
    assert.match(policy, /frame-ancestors 'none'/);
    assert.ok(page.text.includes(`data-token-hash="${tokenHash}"`));
  }
  viewOf(await post(browser, "/verify", { token_hash: tokenHash, type: "magiclink" }));
});

Deno.test("nothing of a link's query reaches its page but what has the form of a hash", async () => {
  for (
    const query of [
      "token_hash=%22%3E%3Cscript%3Ealert(1)%3C/script%3E0000&type=magiclink",
      "token_hash=0123456789abcdef&type=%22onload=",
      "token_hash=0123456789abcdef",
      "type=magiclink",
    ]
  ) {
    const page = await visit(fixture.openBrowser(), `/confirm?${query}`);
    assert.equal(page.status, 400);
    assert.match(page.headers.get("content-type") ?? "", /^application\/json/);
  }
});

Deno.test("in another browser a link signs in only after consent that names the account", async () => {
  const [requesting, other] = [fixture.openBrowser(), fixture.openBrowser()];
  const person = await fixture.createPerson();
  const { tokenHash } = await requestLink(requesting, person.email);
  const redeem = { token_hash: tokenHash, type: "magiclink" };
  const answer = await post(other, "/verify", redeem);
  assertPending(answer, "consent_required");
  assert.deepEqual(answer.body["account"], { email: person.email, phone: null });
  assert.equal(other.refreshToken, undefined);
  assert.equal((await other.validate()).status, 401);
  assertRefused(await post(requesting, "/verify", { consent: true }), "flow_state_not_found");
  assert.equal(viewOf(await post(other, "/verify", { consent: true })).user.id, person.id);
  assertRefused(await post(other, "/verify", { consent: true }), "flow_state_not_found");
  assert.equal(await countIdentitySessions(fixture, person), 0);
});

Deno.test("a browser that asked for one account does not become another one without consent", async () => {
  const [victim, attacker] = [await fixture.createPerson(), await fixture.createPerson()];
  const browser = fixture.openBrowser();
  await requestLink(browser, victim.email);
  const { token } = await requestLink(fixture.openBrowser(), attacker.email);
  const answer = await post(browser, "/verify", { email: attacker.email, token });
  assertPending(answer, "consent_required");
  assert.deepEqual(answer.body["account"], { email: attacker.email, phone: null });
});

Deno.test("an address that differs in a mark alone is another account, and needs its own consent", async () => {
  const victim = await fixture.createPerson();
  const attacker = { email: victim.email.replace("e", "é") };
  await insertPerson(sql, attacker);
  const browser = fixture.openBrowser();
  await requestLink(browser, victim.email);
  const { tokenHash } = await requestLink(fixture.openBrowser(), attacker.email);
  const answer = await post(browser, "/verify", { token_hash: tokenHash, type: "magiclink" });
  assertPending(answer, "consent_required");
});

Deno.test("the sealed half of a consent is finished once, also by two at once", async () => {
  const [requesting, other] = [fixture.openBrowser(), fixture.openBrowser()];
  const person = await fixture.createPerson();
  const { tokenHash } = await requestLink(requesting, person.email);
  await post(other, "/verify", { token_hash: tokenHash, type: "magiclink" });
  const answers = await Promise.all(
    Array.from({ length: 5 }, () => post(other.copy(), "/verify", { consent: true })),
  );
  assert.equal(sessionsIn(answers).size, 1);
  assert.ok(answers.every(({ status }) => status === 200 || status === 403));
});

// Trap 1.
Deno.test("one link and one code, eight times at once, make one session each", async () => {
  for (const form of ["hash", "digits"] as const) {
    const [browser, person] = [fixture.openBrowser(), await fixture.createPerson()];
    const { token, tokenHash } = await requestLink(browser, person.email);
    const body = form === "hash"
      ? { token_hash: tokenHash, type: "magiclink" }
      : { email: person.email, token };
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => post(browser.copy(), "/verify", body)),
    );
    const [session, ...others] = sessionsIn(answers);
    assert.deepEqual(others, [], form);
    const [row] = await sql`
      select count(*)::int as live from public.sessions where user_id = ${person.id}`;
    assert.equal(row?.["live"], 1);
    assert.equal(viewOf(await post(browser, "/verify", body)).session.id, session);
    assert.notEqual((await post(browser, "/verify", body)).status, 200); // refused, or throttled
  }
});

// Trap 2.
Deno.test("a second request, refused or not, takes nothing from the link of the first", async () => {
  stack.authSettings.mailIntervalSeconds = 60;
  const [browser, person] = [fixture.openBrowser(), await fixture.createPerson()];
  const { tokenHash } = await requestLink(browser, person.email);
  assertPending(await post(browser, "/otp", { email: person.email }), "sent");
  stack.authSettings.mailIntervalSeconds = 0;
  assert.equal(fixture.countMessages(person.email), 1);
  viewOf(await post(browser, "/verify", { token_hash: tokenHash, type: "magiclink" }));
});

// Trap 3.
Deno.test("no mail of ours is a PKCE mail, whose verifier nobody would ask for", async () => {
  const person = await fixture.createPerson();
  const { tokenHash } = await requestLink(fixture.openBrowser(), person.email);
  assert.doesNotMatch(tokenHash, /^pkce_/);
});

// Trap 5.
Deno.test("the address that a mail leads to is one of the allow list, exactly", async () => {
  const person = await fixture.createPerson();
  const settings = stack.authSettings;
  settings.siteUrl = "https://app.example.com";
  settings.allowedRedirects = [];
  const browser = fixture.openBrowser();
  const { body, confirmationUrl } = await requestLink(browser, person.email);
  settings.siteUrl = stack.baseUrl;
  // A loopback address is always allowed: here the list cannot be missed. No query is ever on it.
  const redirectTo = new URL(confirmationUrl).searchParams.get("redirect_to");
  assert.equal(redirectTo, `${stack.functionsUrl}/unified-auth/confirm`);
  assert.ok(body.includes(`${redirectTo}?token_hash=`));
});

Deno.test("wrong codes are counted by account and network, and the right one has to wait too", async () => {
  const [browser, person] = [fixture.openBrowser(), await fixture.createPerson()];
  const { token } = await requestLink(browser, person.email);
  const { email } = person;
  const wrong = token === WRONG_CODE ? "000001" : WRONG_CODE;
  for (let tries = 0; tries < 6; tries += 1) {
    assertRefused(await post(browser, "/verify", { email, token: wrong }), "otp_expired");
  }
  await ageLoginThrottle(sql, -600); // the delay is still to come
  for (const code of [wrong, token]) {
    const throttled = await post(browser, "/verify", { email, token: code });
    assertRefused(throttled, "over_request_rate_limit");
    assert.ok(Number(throttled.headers.get("retry-after")) > 500);
  }
  await ageLoginThrottle(sql, 600);
  const [row] = await sql`
    select count(*)::int as failures from public.session_events
    where event = 'login_failed' and detail ->> 'reason' = 'otp_expired'`;
  assert.ok((row?.["failures"] ?? 0) >= 6);
});

Deno.test("wrong, used, of nobody, of somebody banned: one answer in one time", async () => {
  const [known, banned] = [await fixture.createPerson(), await fixture.createPerson()];
  await requestLink(fixture.openBrowser(), known.email);
  await sql`update auth.users set banned_until = now() + interval '1 d' where id = ${banned.id}`;
  const measured = await Promise.all(
    [known.email, banned.email, "nobody@example.com"].map((email) =>
      timed(() => post(fixture.openBrowser(), "/verify", { email, token: WRONG_CODE }))
    ),
  );
  for (const { answer, elapsedMs } of measured) {
    assertRefused(answer, "otp_expired");
    assert.ok(elapsedMs >= 500, `answered after ${elapsedMs} ms`);
  }
});

Deno.test("sending says nothing of an address: unknown, unconfirmed, banned, too soon, mail server away", async () => {
  const settings = stack.authSettings;
  const [known, banned, soon, unlucky] = await Promise.all(
    Array.from({ length: 4 }, () => fixture.createPerson()),
  );
  assert.ok(known && banned && soon && unlucky);
  await sql`update auth.users set banned_until = now() + interval '1 d' where id = ${banned.id}`;
  const send = (email: string, path = "/otp") =>
    timed(() => post(fixture.openBrowser(), path, { email }));
  settings.mailIntervalSeconds = 60;
  const answers = [await send(soon.email), await send(soon.email)];
  settings.mailServerUp = false;
  answers.push(await send(unlucky.email));
  settings.mailServerUp = true;
  settings.mailIntervalSeconds = 0;
  answers.push(
    ...await Promise.all([
      send(known.email),
      send(banned.email),
      send("nobody@example.com"),
      send(known.email, "/recover"),
      send("nobody@example.com", "/recover"),
    ]),
  );
  const bodies = answers.map(({ answer: { status, body } }) => JSON.stringify({ status, ...body }));
  assert.equal(new Set(bodies).size, 1, bodies.join("\n"));
  for (const { answer, elapsedMs } of answers) {
    assert.ok(elapsedMs >= 500, `answered after ${elapsedMs} ms`);
    assert.deepEqual(
      answer.setCookies.map((line) => line.replace(/=.*?;/, "=;")),
      ["__Host-sign_in_sent=; Max-Age=3600; Path=/; HttpOnly; Secure; SameSite=Lax"],
    );
  }
  const lengths = answers.map(({ answer }) => answer.setCookies[0]?.length);
  assert.ok(Math.max(...lengths.map(Number)) - Math.min(...lengths.map(Number)) < 20);
  assert.equal(fixture.countMessages("nobody@example.com"), 0);
});

// Trap 10.
Deno.test("messages to one address are counted before Supabase Auth is called", async () => {
  const [browser, person] = [fixture.openBrowser(), await fixture.createPerson()];
  const statuses: number[] = [];
  for (let asked = 0; asked < 9; asked += 1) {
    statuses.push((await post(browser, "/otp", { email: person.email })).status);
  }
  assert.ok(statuses.includes(429));
  assert.ok(fixture.countMessages(person.email) < 9);
  const unknown: number[] = [];
  const other = fixture.openBrowser();
  for (let asked = 0; asked < 9; asked += 1) {
    unknown.push((await post(other, "/otp", { email: "stranger@example.com" })).status);
  }
  assert.ok(unknown.includes(429));
});

Deno.test("a code by text message signs in, and a number that is off says so to everybody", async () => {
  const phone = "+4915550001";
  const [browser] = [fixture.openBrowser()];
  assertRefused(await post(browser, "/otp", { phone }), "phone_provider_disabled");
  stack.authSettings.phoneEnabled = true;
  assertPending(await post(browser, "/otp", { phone, create_user: true }), "sent");
  const { token } = lastMessage(phone);
  const { user } = viewOf(await post(browser, "/verify", { phone, token }));
  assert.equal(user.phone, phone.slice(1));
  stack.authSettings.phoneEnabled = false;
});

Deno.test("a new address is signed up by link only where the app says so", async () => {
  const browser = fixture.openBrowser();
  const email = "newcomer@example.com";
  await post(browser, "/otp", { email });
  assert.equal(fixture.countMessages(email), 0);
  await post(browser, "/otp", { email, create_user: true });
  const { tokenHash } = lastMessage(email);
  viewOf(await post(browser, "/verify", { token_hash: tokenHash, type: "signup" }));
});

Deno.test("bodies that fit no form are refused before anything is sent", async () => {
  const browser = fixture.openBrowser();
  for (
    const [path, body] of [
      ["/otp", {}],
      ["/otp", { email: "a@b.c", phone: "+15550001" }],
      ["/otp", { email: "nobody" }],
      ["/otp", { phone: "call me" }],
      ["/recover", { phone: "+15550001" }],
      ["/verify", { email: "a@b.c", token: "12345" }],
      ["/verify", { email: "a@b.c", token: 123456 }],
      ["/verify", { email: "a@b.c", token: "123456", type: "email_change" }],
      ["/verify", { token_hash: "short", type: "magiclink" }],
      ["/verify", { consent: false }],
      ["/signup", { email: "a@b.c" }],
    ] as const
  ) assertRefused(await post(browser, path, body), "validation_failed");
  assert.deepEqual([...browser.cookies.keys()], [], "the cookies are cleared");
});

// Last: so many at once make refusals wait longer for a while.
Deno.test("a hundred networks that guess one account are held up together", async () => {
  const person = await fixture.createPerson();
  const { email } = person;
  await requestLink(fixture.openBrowser(), email);
  const guess = () => post(fixture.openBrowser(), "/verify", { email, token: WRONG_CODE });
  const answers = await Promise.all(Array.from({ length: 110 }, guess));
  assert.ok(answers.some(({ status }) => status === 429));
});
