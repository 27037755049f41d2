import assert from "node:assert/strict";
import { viewOf } from "../http/browser.ts";
import { countIdentitySessions } from "../http/people.ts";
import { openSignInFixture } from "./sign_in_fixture.ts";

const APP = "https://app.example.com";
const fixture = await openSignInFixture({ environment: { SESSION_ALLOWED_ORIGINS: APP } });
Deno.test.afterAll(() => fixture.close());

const { stack, visit, passProvider } = fixture;
const AUTHORIZE = "/authorize?provider=keycloak";

async function countClaims(): Promise<number> {
  const sql = stack.database.connectAs("supabase_admin", { max: 1 });
  const [row] = await sql`select count(*)::int as claims from unified_auth.sign_in_claims`;
  return row?.["claims"];
}

Deno.test("OAuth signs in by redirects alone, and leaves no session at Supabase Auth", async () => {
  const browser = fixture.openBrowser();
  const start = await visit(
    browser,
    `${AUTHORIZE}&return_to=/deep/page?tab=2%23part&scopes=openid`,
  );
  assert.equal(start.status, 302);
  assert.equal(start.headers.get("referrer-policy"), "no-referrer");
  assert.match(new URL(start.location).searchParams.get("scope") ?? "", /openid/);
  const person = await fixture.createPerson();
  const end = await visit(browser, await passProvider(start, person));
  assert.equal(end.status, 303);
  assert.equal(end.location, `${APP}/deep/page?tab=2#part`);
  const { user, session } = viewOf(await browser.validate());
  assert.deepEqual([user.id, session.aal], [person.id, "aal1"]);
  assert.equal(await countIdentitySessions(fixture, person), 0);
  assert.deepEqual([...browser.cookies.keys()].sort(), [
    "__Host-session_access",
    "__Host-session_present",
    "__Host-session_refresh",
  ]);
});

Deno.test("the flow's cookie is HttpOnly, Secure, Lax, of its host, and of five minutes", async () => {
  const { setCookies } = await visit(fixture.openBrowser(), AUTHORIZE);
  assert.equal(setCookies.length, 1);
  assert.match(
    setCookies[0] ?? "",
    /^__Host-sign_in_oauth_[\w-]{16}=1\.[\w-]+; Max-Age=300; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
  );
});

// Trap 4.
Deno.test("a flow always asks for a code, at our address, and takes no word of the link on either", async () => {
  const { location } = await visit(fixture.openBrowser(), AUTHORIZE);
  const state = new URL(location).searchParams.get("state");
  const sql = stack.database.connect({ max: 1 });
  const [flow] = await sql`
    select flow.code_challenge, flow.code_challenge_method::text as method, flow.referrer
    from auth.flow_state as flow where flow.id = ${state}`;
  assert.match(flow?.["code_challenge"], /^[\w-]{43}$/);
  assert.equal(flow?.["method"], "s256");
  assert.equal(flow?.["referrer"], `${stack.functionsUrl}/unified-auth/callback`);
  for (
    const more of [
      `code_challenge=${"x".repeat(43)}&code_challenge_method=plain`,
      "redirect_to=https://evil.example/",
      "skip_http_redirect=true",
    ]
  ) assert.equal((await visit(fixture.openBrowser(), `${AUTHORIZE}&${more}`)).status, 400, more);
});

Deno.test("an existing session of the browser makes room for the one of the redirect", async () => {
  const { person, browser, sessionId } = await fixture.signIn();
  const start = await visit(browser, AUTHORIZE);
  await visit(browser, await passProvider(start, person));
  const { session } = viewOf(await browser.validate());
  assert.notEqual(session.id, sessionId);
  assert.equal((await fixture.readSession(sessionId))["revoked_reason"], "replaced");
});

Deno.test("without the cookie of the same browser nothing is exchanged", async () => {
  const victim = fixture.openBrowser();
  const attacker = fixture.openBrowser();
  const start = await visit(attacker, AUTHORIZE);
  const person = await fixture.createPerson();
  const back = await passProvider(start, person);
  const end = await visit(victim, back);
  assert.equal(end.location, `${APP}/?auth_error=flow_state_not_found`);
  assert.deepEqual([...victim.cookies.keys()], [], "the cookies are cleared");
  // A victim who has begun another flow holds another verifier.
  await visit(victim, AUTHORIZE);
  const other = await visit(victim, back);
  assert.match(other.location, /auth_error=flow_state_not_found$/);
  assert.equal(victim.refreshToken, undefined);
  assert.equal(await countIdentitySessions(fixture, person), 0);
  // The code is still its own browser's.
  await visit(attacker, back);
  assert.equal((await attacker.validate()).status, 200);
});

Deno.test("a code that comes eight times at once makes one session", async () => {
  const browser = fixture.openBrowser();
  const start = await visit(browser, AUTHORIZE);
  const person = await fixture.createPerson();
  const back = await passProvider(start, person);
  const pages = await Promise.all(
    Array.from({ length: 8 }, () => visit(browser.copy(), back, { lost: true })),
  );
  const signedIn = pages.filter(({ location }) => !location.includes("auth_error"));
  assert.ok(signedIn.length >= 1);
  const [row] = await fixture.sql`
    select count(*)::int as made from public.sessions where user_id = ${person.id}`;
  assert.equal(row?.["made"], 1);
  assert.equal((await visit(browser, back)).location, signedIn[0]?.location); // their answers were lost
  const again = await visit(browser, back);
  assert.match(again.location, /auth_error=flow_state_not_found$/);
});

Deno.test("a return_to of another origin is refused, however it is written", async () => {
  const otherOrigins = [
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "https://evil.example/",
    "https:evil.example",
    "https://app.example.com@evil.example/",
    "https://user:secret@app.example.com/",
    "https://app.example.com.evil.example/",
    "https://app.example.com:8443/",
    "http://app.example.com/",
    "HTTPS://APP.EXAMPLE.COM/",
    "javascript:alert(1)",
    "data:text/html,x",
    "/\t/evil.example",
    "\t//evil.example",
    " //evil.example",
    "/\n/evil.example",
    "relative",
    "",
    "/é",
  ];
  for (const returnTo of otherOrigins) {
    const browser = fixture.openBrowser();
    const query = new URLSearchParams({ provider: "keycloak", return_to: returnTo });
    const { status, location } = await visit(browser, `/authorize?${query}`);
    assert.equal(status, 400, JSON.stringify(returnTo));
    assert.equal(location, "");
    assert.deepEqual([...browser.cookies.keys()], [], "the cookies are cleared");
    const otp = { email: "nobody@example.com", return_to: returnTo };
    const { status: refused, body, setCookies } = await fixture.post(browser, "/otp", otp);
    assert.deepEqual([refused, setCookies], [400, []]);
    assert.match(String(body["code"]), /^(?:return_to_not_allowed|validation_failed)$/);
  }
});

Deno.test("a return_to that every parser reads as a path is a path of the app", async () => {
  const paths: Readonly<Record<string, string>> = {
    "/%2F%2Fevil.example": `${APP}/%2F%2Fevil.example`,
    "/%5cevil.example": `${APP}/%5cevil.example`,
    "/.//evil.example": `${APP}//evil.example`,
    "/a/..//evil.example": `${APP}//evil.example`,
    "/?next=//evil.example": `${APP}/?next=//evil.example`,
    [`${APP}/page`]: `${APP}/page`,
    [APP]: `${APP}/`,
    [`${stack.baseUrl}/page`]: `${stack.baseUrl}/page`,
  };
  for (const [returnTo, expected] of Object.entries(paths)) {
    const browser = fixture.openBrowser();
    const query = new URLSearchParams({ provider: "keycloak", return_to: returnTo });
    const start = await visit(browser, `/authorize?${query}`);
    const end = await visit(browser, await passProvider(start, await fixture.createPerson()));
    assert.equal(end.location, expected);
  }
});

Deno.test("a provider's error comes back as a code, and no text of the provider with it", async () => {
  const browser = fixture.openBrowser();
  const start = await visit(browser, `${AUTHORIZE}&return_to=/page`);
  const end = await visit(browser, await passProvider(start, "refused"));
  assert.equal(end.location, `${APP}/page?auth_error=access_denied`);
  const forged = await visit(
    browser,
    "/callback?error=%3Cscript%3E&error_code=call_0800&error_description=Your+account+is+locked",
  );
  assert.equal(forged.location, `${APP}/?auth_error=oauth_failed`);
  const unknown = await visit(browser, "/authorize?provider=nobody&return_to=/page");
  assert.equal(unknown.location, `${APP}/page?auth_error=oauth_provider_not_supported`);
});

Deno.test("a flow that took longer than five minutes has expired", async () => {
  const browser = fixture.openBrowser();
  const start = await visit(browser, AUTHORIZE);
  const back = await passProvider(start, await fixture.createPerson());
  stack.authSettings.flowLifetimeSeconds = 0;
  const end = await visit(browser, back);
  stack.authSettings.flowLifetimeSeconds = 300;
  assert.match(end.location, /auth_error=flow_state_expired$/);
  assert.deepEqual([...browser.cookies.keys()], [], "the cookies are cleared");
});

Deno.test("a sealed cookie that was changed, cut, or put under another name is none", async () => {
  const browser = fixture.openBrowser();
  const start = await visit(browser, AUTHORIZE);
  const back = await passProvider(start, await fixture.createPerson());
  const [[name, value] = ["", ""]] = [...browser.cookies];
  const swap = (text: string, at: number) =>
    `${text.slice(0, at)}${text[at] === "A" ? "B" : "A"}${text.slice(at + 1)}`;
  const forgeries = [
    [name, swap(value, 8)],
    [name, swap(value, value.length - 4)],
    [name, value.slice(0, -3)],
    [name, `2${value.slice(1)}`],
    [`${name.slice(0, -1)}${name.endsWith("x") ? "y" : "x"}`, value],
    ["__Host-sign_in_pending", value],
    [name.replace("__Host-", ""), value],
  ] as const;
  for (const [forgedName, forgedValue] of forgeries) {
    const forger = fixture.openBrowser({ cookies: new Map([[forgedName, forgedValue]]) });
    const end = await visit(forger, back);
    assert.match(end.location, /auth_error=flow_state_not_found$/, forgedName);
  }
  await visit(browser, back);
  assert.equal((await browser.validate()).status, 200);
});

Deno.test("twenty flows at once in one browser all end where they began, in any order", async () => {
  const browser = fixture.openBrowser();
  const person = await fixture.createPerson();
  const flows: { readonly back: string; readonly at: number }[] = [];
  const pageOf = (at: number) => `/page/${at}?q=${"x".repeat(260)}`;
  for (let at = 0; at < 20; at += 1) {
    const start = await visit(browser, `${AUTHORIZE}&return_to=${encodeURIComponent(pageOf(at))}`);
    flows.push({ back: await passProvider(start, person), at });
  }
  const shuffled = flows.toSorted((one, other) => (one.at * 7) % 20 - (other.at * 7) % 20);
  for (const { back, at } of shuffled) {
    assert.equal((await visit(browser, back)).location, APP + pageOf(at));
  }
  assert.equal(viewOf(await browser.validate()).user.id, person.id);
  const [row] = await fixture.sql`
    select count(*)::int as live from public.sessions where user_id = ${person.id} and is_valid`;
  assert.equal(row?.["live"], 1);
});

Deno.test("flows that are begun and left never make a request too long, and the newest one ends", async () => {
  const { person, browser } = await fixture.signIn();
  const returnTo = `/${"page".repeat(475)}`;
  let start = await visit(browser, `${AUTHORIZE}&return_to=${returnTo}`);
  for (let begun = 1; begun < 30; begun += 1) {
    start = await visit(browser, `${AUTHORIZE}&return_to=${returnTo}`);
    const header = [...browser.cookies].map((pair) => pair.join("=")).join("; ");
    assert.ok(header.length < 14_000, `${header.length} after ${begun}`);
  }
  assert.equal((await browser.validate()).status, 200);
  assert.equal((await visit(browser, await passProvider(start, person))).location, APP + returnTo);
});

Deno.test("a banned user who comes back from the provider is not signed in", async () => {
  const browser = fixture.openBrowser();
  const start = await visit(browser, AUTHORIZE);
  const person = await fixture.createPerson();
  const back = await passProvider(start, person);
  await fixture.sql`
    update auth.users set banned_until = now() + interval '1 day' where id = ${person.id}`;
  const end = await visit(browser, back);
  assert.match(end.location, /auth_error=/);
  assert.equal(browser.refreshToken, undefined);
});

Deno.test("claims rest as keyed hashes and are forgotten when they are old", async () => {
  const sql = stack.database.connectAs("supabase_admin", { max: 1 });
  await sql`update unified_auth.sign_in_claims set forgotten_at = now() - interval '1 second'`;
  const before = await countClaims();
  assert.ok(before > 10);
  const browser = fixture.openBrowser();
  const start = await visit(browser, AUTHORIZE);
  const back = await passProvider(start, await fixture.createPerson());
  const code = new URL(back).searchParams.get("code") ?? "";
  await visit(browser, back);
  assert.ok(await countClaims() < before);
  const rows = await sql`select encode(claim, 'escape') as claim from unified_auth.sign_in_claims`;
  assert.ok(rows.every(({ claim }) => !String(claim).includes(code)));
});
