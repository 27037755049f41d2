import assert from "node:assert/strict";
import { viewOf } from "../http/browser.ts";
import { countIdentitySessions } from "../http/people.ts";
import { assertRefused } from "../http/refusal.ts";
import { NO_ANSWERS, openOutageFixture } from "./outage_fixture.ts";

const fixture = await openOutageFixture();
Deno.test.afterAll(() => fixture.close());

const { post, put, visit, lastMessage, openAtFault, url, returnFrom } = fixture;
const { whileAway, whileDatabaseIsAway } = fixture;
const NEW_PASSWORD = "another-horse-battery-staple";

for (const [what, answer] of Object.entries(NO_ANSWERS)) {
  Deno.test(`an exchange that is answered ${what} loses nothing: the same address again signs in`, async () => {
    const browser = openAtFault();
    const start = await visit(browser, url("/authorize?provider=keycloak&return_to=/page"));
    const back = await returnFrom(start, await fixture.createPerson());
    await whileAway(/\/token/, async () => {
      const page = await visit(browser, back);
      assert.equal(page.status, 503);
      assert.match(page.text, /Try again/);
      assert.equal(page.headers.get("retry-after"), "2");
    }, answer);
    const end = await visit(browser, back);
    assert.match(end.location, /\/page$/);
    viewOf(await browser.validate());
  });
}

Deno.test("a start without Supabase Auth shows a page to try again", async () => {
  const browser = openAtFault();
  await whileAway(/\/authorize/, async () => {
    const page = await visit(browser, url("/authorize?provider=keycloak"));
    assert.equal(page.status, 503);
    assert.match(page.text, /Try again/);
    assert.deepEqual([...browser.cookies.keys()], [], "the cookies are cleared");
  });
  assert.equal((await visit(browser, url("/authorize?provider=keycloak"))).status, 302);
});

for (const name of ["claim_sign_in", "create_session"]) {
  Deno.test(`an exchange whose ${name} was lost goes on from the same address`, async () => {
    const browser = openAtFault();
    const start = await visit(browser, url("/authorize?provider=keycloak&return_to=/page"));
    const person = await fixture.createPerson();
    const back = await returnFrom(start, person);
    await whileDatabaseIsAway(name, async () => {
      assert.equal((await visit(browser, back)).status, 503);
    });
    assert.match((await visit(browser, back)).location, /\/page$/);
    viewOf(await browser.validate());
    assert.equal(await countIdentitySessions(fixture, person), 0);
  });

  Deno.test(`a link whose ${name} was lost is redeemed by the next try`, async () => {
    const [browser, person] = [openAtFault(), await fixture.createPerson()];
    await post(browser, "/otp", { email: person.email });
    const redeem = { token_hash: lastMessage(person.email).tokenHash, type: "magiclink" };
    await whileDatabaseIsAway(name, async () => {
      assert.equal((await post(browser, "/verify", redeem)).status, 503);
    });
    viewOf(await post(browser, "/verify", redeem));
    assert.equal(await countIdentitySessions(fixture, person), 0);
  });

  Deno.test(`a factor whose ${name} was lost is taken by the next try`, async () => {
    const person = await fixture.createPerson();
    const app = await fixture.addTotp(person);
    const browser = openAtFault();
    await post(browser, "/login", { email: person.email, password: person.password });
    const verify = { factor_id: app.id, code: app.code() };
    await whileDatabaseIsAway(name, async () => {
      assert.equal((await post(browser, "/mfa/verify", verify)).status, 503);
    });
    assert.equal(viewOf(await post(browser, "/mfa/verify", verify)).session.aal, "aal2");
    assert.equal(await countIdentitySessions(fixture, person), 0);
  });
}

Deno.test("an attacker's password that an outage kept is worthless before the owner is signed in", async () => {
  const email = "by-code@example.com";
  const attacker = { email, password: "of-the-attacker" };
  await post(openAtFault(), "/signup", attacker);
  const owner = openAtFault();
  await post(owner, "/otp", { email });
  const redeem = { email, token: lastMessage(email).token };
  const refusals = [
    () => new Response(null, { status: 503 }),
    () => Response.json({ code: "over_request_rate_limit", message: "" }, { status: 429 }),
  ];
  for (const answer of refusals) {
    await whileAway(/PUT .*\/user$/, async () => {
      assert.equal((await post(owner, "/verify", redeem)).status, 503);
    }, answer);
  }
  viewOf(await post(owner, "/verify", redeem));
  assertRefused(await post(openAtFault(), "/login", attacker), "invalid_credentials");
});

Deno.test("messages that Supabase Auth does not take are sent by the next try", async () => {
  const [browser, { email }] = [openAtFault(), await fixture.createPerson()];
  for (const path of ["/otp", "/recover"]) {
    await whileAway(new RegExp(path), async () => {
      assertRefused(await post(browser, path, { email }), "service_unavailable");
    });
    assert.equal((await post(browser, path, { email })).status, 202);
  }
  await whileAway(/\/signup/, async () => {
    const body = { email: "later@example.com", password: NEW_PASSWORD };
    assertRefused(await post(browser, "/signup", body), "service_unavailable");
    assert.equal(fixture.countMessages("later@example.com"), 0);
  });
});

Deno.test("a code that Supabase Auth did not judge is as good as before", async () => {
  const [browser, { email }] = [openAtFault(), await fixture.createPerson()];
  await post(browser, "/otp", { email });
  const { token } = lastMessage(email);
  for (const answer of Object.values(NO_ANSWERS)) {
    await whileAway(/\/verify/, async () => {
      assertRefused(await post(browser, "/verify", { email, token }), "service_unavailable");
    }, answer);
  }
  viewOf(await post(browser, "/verify", { email, token }));
});

Deno.test("a factor that Supabase Auth did not judge is as good as before", async () => {
  const person = await fixture.createPerson();
  const app = await fixture.addTotp(person);
  const browser = openAtFault();
  const login = { email: person.email, password: person.password };
  await whileAway(/\/user$/, async () => {
    assertRefused(await post(browser, "/login", login), "service_unavailable");
  });
  await post(browser, "/login", login);
  const verify = { factor_id: app.id, code: app.code() };
  for (const step of [/\/challenge$/, /\/factors\/.*\/verify$/]) {
    await whileAway(step, async () => {
      assertRefused(await post(browser, "/mfa/verify", verify), "service_unavailable");
    });
  }
  viewOf(await post(browser, "/mfa/verify", verify));
  assert.equal(await countIdentitySessions(fixture, person), 0);
});

Deno.test("a recovery waits for its password through an outage of either side", async () => {
  const [browser, { email }] = [openAtFault(), await fixture.createPerson()];
  await post(browser, "/recover", { email });
  const redeem = { token_hash: lastMessage(email).tokenHash, type: "recovery" };
  await post(browser, "/verify", redeem);
  const change = { password: NEW_PASSWORD };
  await whileAway(/\/user$/, async () => {
    assertRefused(await put(browser, "/password", change), "service_unavailable");
  });
  await whileDatabaseIsAway("create_session", async () => {
    assert.equal((await put(browser, "/password", change)).status, 503);
  });
  viewOf(await put(browser, "/password", change));
});

Deno.test("a change that Supabase Auth did not take leaves everybody signed in", async () => {
  const person = await fixture.createPerson();
  const browser = openAtFault();
  await browser.login(person);
  const change = { current_password: person.password, password: NEW_PASSWORD };
  for (const step of [/grant_type=password/, /\/user$/]) {
    await whileAway(step, async () => {
      assertRefused(await put(browser, "/password", change), "service_unavailable");
    });
    assert.equal((await browser.validate()).status, 200);
  }
  await whileDatabaseIsAway("announce_password_change", async () => {
    assertRefused(await put(browser, "/password", change), "service_unavailable");
  });
  viewOf(await put(browser, "/password", change));
  assert.equal((await browser.validate()).status, 200);
});

Deno.test("a session of Supabase Auth that cannot be dropped refuses nobody", async () => {
  const [browser, { email }] = [openAtFault(), await fixture.createPerson()];
  await post(browser, "/otp", { email });
  const { token } = lastMessage(email);
  await whileAway(/\/logout/, async () => {
    viewOf(await post(browser, "/verify", { email, token }));
  });
});

Deno.test("its own rate limit is handed on, and costs no code", async () => {
  const [browser, { email }] = [openAtFault(), await fixture.createPerson()];
  await post(browser, "/otp", { email });
  const { token } = lastMessage(email);
  await whileAway(/\/verify/, async () => {
    const answer = await post(browser, "/verify", { email, token });
    assert.equal(answer.status, 429);
    assert.ok(Number(answer.headers.get("retry-after")) >= 1);
  }, () => Response.json({ code: "over_request_rate_limit", message: "" }, { status: 429 }));
  viewOf(await post(browser, "/verify", { email, token }));
});
