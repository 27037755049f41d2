import assert from "node:assert/strict";
import { decodeJwt, UnsecuredJWT } from "jose";
import { SEED_USERS } from "../../../local/platform/seed_users.ts";
import { openTestServer } from "../../../local/testing/test_server.ts";
import { type Answer, openBrowser, viewOf } from "../../behaviour/http/browser.ts";
import { assertNoSecrets } from "../../behaviour/http/log_secrets.ts";
import { changeUser, signInToSupabaseAuth } from "../../behaviour/http/people.ts";
import { assertRefused } from "../../behaviour/http/refusal.ts";
import { type Fault, startFaultyProject } from "./faulty_provider.ts";

const LIMIT_MS = 9_000;

const { email, password } = SEED_USERS.ada;

/** As Supabase Auth answers: without this header its codes are not read. */
const json = (status: number, body: unknown) => () =>
  Response.json(body, { status, headers: { "x-supabase-api-version": "2024-01-01" } });

/** The answers of a failing provider. None of them says who somebody is, or is not. */
const FAULTS: Readonly<Record<string, Fault>> = {
  "500": json(500, { code: "unexpected_failure", msg: "Database error" }),
  "502 as HTML": () => html(502),
  "503 without a body": () => new Response(null, { status: 503 }),
  "504": json(504, { code: "request_timeout", msg: "Processing this request timed out" }),
  "408": json(408, { code: "request_timeout", msg: "Request timeout" }),
  "400 without a code": json(400, { msg: "?" }),
  "401 for our own key": json(401, { message: "Invalid API key", hint: "" }),
  "404 as HTML": () => html(404),
  "200 as HTML": () => html(200),
  "200 with nothing in it": json(200, {}),
  "200 with null": json(200, null),
  "200 with half a session": json(200, { access_token: "x", token_type: "bearer" }),
  "200 with a token that is none": json(200, {
    access_token: "not a token",
    refresh_token: "x",
    expires_in: 3600,
    token_type: "bearer",
    user: { id: SEED_USERS.grace.id, aud: "authenticated" },
  }),
  "200 with somebody else": json(200, { id: SEED_USERS.grace.id, aud: "authenticated" }),
  "JSON that breaks off": () =>
    new Response('{"access_token": "', { headers: { "content-type": "application/json" } }),
};

/** Answers of Supabase Auth after which no later try succeeds. */
const FINAL_REFUSALS: Readonly<Record<string, Fault>> = {
  "403 of a hook": json(403, { code: "unknown", msg: "your subscription has lapsed" }),
  "401 of a hook": json(401, { code: "unknown", msg: "not you" }),
  "422 of a provider that is off": json(422, { code: "email_provider_disabled", msg: "off" }),
  "422 of a user of SSO": json(422, { code: "user_sso_managed", msg: "sso" }),
  "400 with a code that we do not know": json(400, { code: "something_new", msg: "?" }),
};

const limited = (headers: Record<string, string>) => () =>
  Response.json({ code: "over_request_rate_limit", msg: "Request rate limit reached" }, {
    status: 429,
    headers: { "x-supabase-api-version": "2024-01-01", ...headers },
  });

/** The header of a 429, and what is handed on. */
const RATE_LIMITS = [
  [{ "retry-after": "37" }, "37"],
  [{ "retry-after": "Sun, 01 Nov 2026 00:01:00 GMT", date: "Sun, 01 Nov 2026 00:00:15 GMT" }, "45"],
  [{ "retry-after": "0" }, "1"],
  [{ "retry-after": "soon" }, "10"],
  [{}, "10"],
] as const;

function html(status: number): Response {
  return new Response("<html><h1>Bad gateway</h1></html>", {
    status,
    headers: { "content-type": "text/html" },
  });
}

Deno.test("a provider that is not well refuses nobody, and no cookie is touched", async (test) => {
  const lines: string[] = [];
  await using server = await openTestServer();
  await using stack = await server.startStack({ functions: [] });
  await using project = await startFaultyProject(stack, { onLine: (line) => lines.push(line) });
  const sql = stack.database.connect({ max: 1 });
  const browser = openBrowser(project);
  const countLines = (...parts: readonly string[]) =>
    lines.filter((line) => parts.every((part) => line.includes(part))).length;
  const { session } = await browser.login(SEED_USERS.ada);
  const supabase_access_token = await signInToSupabaseAuth({ stack }, SEED_USERS.ada);

  const signIns = (): Promise<readonly Answer[]> =>
    Promise.all([
      browser.call("/unified-auth/login", { body: { email, password } }),
      browser.call("/unified-auth/login", { body: { supabase_access_token } }),
    ]);

  for (const [what, fault] of Object.entries(FAULTS)) {
    await test.step(what, async () => {
      project.setFault(fault);
      for (const answer of await signIns()) {
        assertRefused(answer, "service_unavailable", what);
        assert.match(answer.headers.get("retry-after") ?? "", /^[1-9]\d*$/);
      }
    });
  }

  await test.step("silence: answered within the time limit", async () => {
    const silence = Promise.withResolvers<Response>();
    project.setFault(() => silence.promise);
    const startedAt = performance.now();
    const answers = await signIns();
    const elapsedMs = performance.now() - startedAt;
    silence.resolve(new Response(null));
    for (const answer of answers) assertRefused(answer, "service_unavailable");
    assert.ok(elapsedMs < LIMIT_MS, `${Math.round(elapsedMs)} ms`);
    assert.equal(countLines("may keep a session of an unanswered sign-in", '"timeout"'), 1);
  });

  for (const [headers, retryAfter] of RATE_LIMITS) {
    await test.step(`429 with ${JSON.stringify(headers)} stays 429`, async () => {
      project.setFault(limited(headers));
      for (const answer of await signIns()) {
        assertRefused(answer, "over_request_rate_limit");
        assert.equal(answer.headers.get("retry-after"), retryAfter);
      }
    });
  }

  await test.step("sessions go on meanwhile, and no failed sign-in was counted", async () => {
    assert.equal(viewOf(await browser.validate()).session.id, session.id);
    assert.equal(viewOf(await browser.refresh()).session.id, session.id);
    const events = await sql`select 1 from public.session_events where event = 'login_failed'`;
    assert.equal(events.length, 0);
    const [row] =
      await sql`select sum(failures)::float as failures from unified_auth.login_throttle`;
    assert.equal(row?.["failures"], 0);
  });

  const outages = () => countLines('"level":"error"');
  for (const [what, fault] of Object.entries(FINAL_REFUSALS)) {
    await test.step(`a refusal that no later try changes is one: ${what}`, async () => {
      const before = outages();
      project.setFault(fault);
      for (const answer of await signIns()) assertRefused(answer, "access_denied", what);
      assert.equal(outages(), before);
    });
  }

  await test.step("refusals that no later try changes are counted and recorded", async () => {
    const events = await sql`
      select detail ->> 'reason' as reason from public.session_events
      where event = 'login_failed' order by id`;
    assert.deepEqual(events.map(({ reason }) => reason), [
      "unknown",
      "unknown",
      "email_provider_disabled",
      "user_sso_managed",
      "something_new",
    ]);
  });

  await test.step("a CAPTCHA that is refused is answered as that", async () => {
    project.setFault(
      json(400, { code: "captcha_failed", msg: "captcha protection: request disallowed" }),
    );
    const [answer] = await signIns();
    assert.ok(answer);
    assertRefused(answer, "captcha_failed");
  });

  await test.step("a session that Supabase Auth will not drop is no reason to refuse a sign-in", async () => {
    project.setFault(({ url }) => url.includes("/logout") ? html(500) : null);
    assert.equal(
      viewOf(await browser.call("/unified-auth/login", { body: { email, password } })).valid,
      true,
    );
    assert.equal(countLines("own session was not dropped"), 1);
  });

  await test.step("a session that a ban leaves at Supabase Auth is in the log", async () => {
    project.setFault(async (request) => {
      const { pathname, search } = new URL(request.url);
      if (!pathname.endsWith("/token")) return null;
      project.setFault(null);
      const answer = await fetch(`${stack.baseUrl}${pathname}${search}`, request);
      await changeUser({ stack }, SEED_USERS.ada, { ban_duration: "24h" });
      return answer;
    });
    const answer = await openBrowser(project).call("/unified-auth/login", {
      body: { email, password },
    });
    assertRefused(answer, "invalid_credentials");
    const [left] = await sql`
      select id from auth.sessions where user_id = ${SEED_USERS.ada.id} order by created_at desc`;
    assert.equal(countLines("own session was not dropped", "user_banned", left?.["id"]), 1);
    await changeUser({ stack }, SEED_USERS.ada, { ban_duration: "none" });
  });

  await test.step("a password signs in though the project's hook adds a client_id", async () => {
    project.setFault(async (request) => {
      const { pathname, search } = new URL(request.url);
      if (!pathname.endsWith("/token")) return null;
      const answer = await fetch(`${stack.baseUrl}${pathname}${search}`, request);
      const { access_token, ...rest } = await answer.json();
      const claims = { ...decodeJwt(access_token), client_id: "tenant" };
      return Response.json({ ...rest, access_token: new UnsecuredJWT(claims).encode() });
    });
    const answer = await openBrowser(project).call("/unified-auth/login", {
      body: { email, password },
    });
    assert.equal(viewOf(answer).user.id, SEED_USERS.ada.id);
  });

  await test.step("well again: the same browser signs in", async () => {
    project.setFault(null);
    assert.equal((await browser.login(SEED_USERS.ada)).valid, true);
    assertNoSecrets(lines);
  });
});
