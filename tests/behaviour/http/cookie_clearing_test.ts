import assert from "node:assert/strict";
import { createAppInProcess, storeThat } from "../attack/app_in_process.ts";
import { sendRaw } from "../attack/requests.ts";
import { ServiceUnavailableError } from "../../../supabase/functions/_shared/service_unavailable.ts";
import {
  type ErrorCode,
  ERRORS,
  isSessionEnded,
} from "../../../supabase/functions/_shared/errors.ts";
import {
  encodeRefreshToken,
  firstRefreshToken,
} from "../../../supabase/functions/_shared/tokens/refresh_token.ts";
import type { SessionId } from "../../../supabase/functions/_shared/brands.ts";
import { readConfig } from "../../../supabase/functions/_shared/config/config.ts";
import { deriveSessionKeys } from "../../../supabase/functions/_shared/tokens/session_keys.ts";
import { startFaultyProject } from "../../resilience/fault/faulty_provider.ts";
import { keys as unitKeys, UNBOUND_START } from "../../unit/functions/arbitraries.ts";
import { backdateAccessToken } from "./access_token_forge.ts";
import { ageSession } from "../../../local/testing/aging.ts";
import { ACCESS_COOKIE, type Answer, CHROME, openBrowser, REFRESH_COOKIE } from "./browser.ts";
import { openHttpFixture, type SignedIn } from "./fixture.ts";
import { addVerifiedFactor } from "./people.ts";
import { createProofKey } from "./proof_key.ts";
import { openSignInRefusals } from "../sign_in/refusal_scenarios.ts";
import { assertRefused, assertSessionEnded } from "./refusal.ts";

const fixture = await openHttpFixture();
const signInRefusals = await openSignInRefusals(fixture);
Deno.test.afterAll(async () => {
  await signInRefusals[Symbol.asyncDispose]();
  await fixture.close();
});

const { stack, sql } = fixture;

/** Brings an answer of one code about, in a browser that has cookies to lose. */
type Scenario = (signedIn: SignedIn) => Promise<Answer>;

const login = (body: Readonly<Record<string, unknown>>): Scenario => ({ browser }) =>
  browser.call("/unified-auth/login", { body });

/** Supabase Auth answers the password of a login with this error. */
const refusedBySupabaseAuth = (
  { status, code }: { readonly status: number; readonly code: string },
): Scenario =>
async ({ browser, person: { email, password } }) => {
  await using project = await startFaultyProject(stack, { onLine: () => {} });
  const headers = { "x-supabase-api-version": "2024-01-01" };
  project.setFault(() => Response.json({ code, msg: "" }, { status, headers }));
  const otherProject = openBrowser({ ...project, cookies: browser.cookies });
  return await otherProject.call("/unified-auth/login", { body: { email, password } });
};

/** Causes a failure inside the function that looks like this from outside. */
const failing = (failure: Error): Scenario => async () => {
  const { raw } = firstRefreshToken({
    ...UNBOUND_START,
    sessionId: crypto.randomUUID() as SessionId,
    secret: new Uint8Array(32),
  }, unitKeys.signing);
  const app = createAppInProcess(storeThat(() => Promise.reject(failure)));
  const response = await app.request("https://abc.supabase.co/unified-auth/refresh", {
    method: "POST",
    headers: { cookie: `${REFRESH_COOKIE}=${raw}` },
  });
  const { status, headers } = response;
  return { status, headers, setCookies: headers.getSetCookie(), body: await response.json() };
};

/** A code without a scenario does not compile. */
const SCENARIOS: Readonly<Record<ErrorCode, Scenario>> = {
  session_revoked: async ({ browser }) => {
    await browser.copy().logout();
    return await browser.validate();
  },
  session_evicted: async ({ browser, person }) => {
    for (let logins = 0; logins < 5; logins += 1) await fixture.openBrowser().login(person);
    return await browser.refresh();
  },
  session_expired: async ({ browser, sessionId }) => {
    await ageSession(sql, sessionId, 30 * 86_400);
    return await browser.refresh();
  },
  session_not_found: async ({ browser, person }) => {
    await sql`delete from auth.users where id = ${person.id}`;
    return await browser.call("/unified-auth/sessions", { method: "GET" });
  },
  refresh_token_already_used: async ({ browser, sessionId }) => {
    const thief = browser.copy({ userAgent: CHROME });
    for (let cycles = 0; cycles < 2; cycles += 1) {
      await ageSession(sql, sessionId, 120);
      await browser.refresh();
    }
    return await thief.refresh();
  },
  user_banned: async ({ browser, person }) => {
    await sql`update auth.users set banned_until = now() + interval '1 d' where id = ${person.id}`;
    return await browser.validate();
  },
  access_token_missing: ({ browser }) => {
    browser.cookies.delete(ACCESS_COOKIE);
    return browser.call("/unified-auth/sessions", { method: "GET" });
  },
  access_token_invalid: ({ browser }) => {
    browser.cookies.set(ACCESS_COOKIE, "junk");
    return browser.validate({ body: { refresh: "never" } });
  },
  access_token_expired: async ({ browser }) => {
    const { environment } = stack;
    const token = browser.accessToken ?? "";
    const old = await backdateAccessToken(token, { seconds: 3700, environment });
    browser.cookies.set(ACCESS_COOKIE, old);
    return await browser.validate({ body: { refresh: "never" } });
  },
  access_token_superseded: async ({ browser, sessionId }) => {
    const replaced = browser.copy();
    for (const tab of [browser, replaced]) {
      await ageSession(sql, sessionId, 120);
      await tab.refresh(); // the second one finds its token replaced: another branch
    }
    await ageSession(sql, sessionId, 120);
    await replaced.validate();
    return await browser.call("/unified-auth/sessions", { method: "GET" });
  },
  proof_required: async ({ person }) => {
    const browser = fixture.openBrowser({ key: await createProofKey() });
    await browser.login(person);
    return await browser.refresh({ proof: null });
  },
  proof_key_unknown: async ({ person }) => {
    const browser = fixture.openBrowser({ key: await createProofKey() });
    await browser.login(person);
    browser.key = await createProofKey();
    return await browser.refresh();
  },
  grace_window_elapsed: async ({ browser }) => {
    const { environment } = stack;
    const token = browser.accessToken ?? "";
    const old = await backdateAccessToken(token, { seconds: 90_000, environment });
    browser.cookies.set(ACCESS_COOKIE, old);
    return await browser.call("/validate-session");
  },
  refresh_token_missing: ({ browser }) => {
    browser.cookies.delete(REFRESH_COOKIE);
    return browser.refresh();
  },
  refresh_token_invalid: ({ browser }) => {
    browser.cookies.set(REFRESH_COOKIE, "junk");
    return browser.refresh();
  },
  unknown_generation: ({ browser, sessionId }) => {
    const { environment } = stack;
    const { sessionSecrets, supabaseUrl } = readConfig((name) => environment[name]);
    const token = encodeRefreshToken({
      ...UNBOUND_START,
      sessionId: sessionId as SessionId,
      generation: 9,
      branch: 0,
      secret: new Uint8Array(32),
    }, deriveSessionKeys(sessionSecrets, supabaseUrl).signing);
    browser.cookies.set(REFRESH_COOKIE, token);
    return browser.refresh();
  },
  ...signInRefusals.scenarios,
  invalid_credentials: login({ email: "nobody@example.com", password: "swordfish" }),
  bad_jwt: login({ supabase_access_token: "a.b.c" }),
  email_not_confirmed: async (signedIn) => {
    const { email, password, id } = signedIn.person;
    await sql`update auth.users set email_confirmed_at = null where id = ${id}`;
    return await login({ email, password })(signedIn);
  },
  mfa_required: async (signedIn) => {
    await addVerifiedFactor(fixture, signedIn.person);
    const { email, password } = signedIn.person;
    const answer = await login({ email, password })(signedIn);
    const sealed = answer.setCookies.filter((line) => line.startsWith("__Host-sign_in_pending="));
    assert.equal(sealed.length, 1);
    return { ...answer, setCookies: answer.setCookies.filter((line) => !sealed.includes(line)) };
  },
  access_denied: refusedBySupabaseAuth({ status: 403, code: "unknown" }),
  role_not_allowed: async ({ browser, person }) => {
    await sql`update auth.users set role = 'service_role' where id = ${person.id}`;
    return await browser.refresh();
  },
  captcha_failed: refusedBySupabaseAuth({ status: 400, code: "captcha_failed" }),
  over_request_rate_limit: async (signedIn) => {
    const { email } = signedIn.person;
    const attempt = () => login({ email, password: "swordfish" })(signedIn);
    const answers = await Promise.all(Array.from({ length: 12 }, attempt));
    return answers.find(({ status }) => status === 429) ?? assert.fail("nobody had to wait");
  },
  cross_site_request: ({ browser }) =>
    browser.refresh({ headers: { origin: "https://evil.example" } }),
  bad_json: ({ browser }) =>
    sendRaw(`${stack.functionsUrl}/unified-auth/refresh`, {
      body: "{",
      headers: { cookie: `${REFRESH_COOKIE}=${browser.refreshToken}` },
    }),
  validation_failed: ({ browser }) => browser.validate({ body: { refresh: 1 } }),
  payload_too_large: ({ browser }) => browser.validate({ body: { refresh: "x".repeat(17_000) } }),
  unsupported_media_type: ({ browser }) =>
    browser.validate({ body: {}, headers: { "content-type": "text/plain" } }),
  headers_too_large: ({ browser }) => {
    browser.cookies.set("padding", "x".repeat(33_000));
    return browser.refresh();
  },
  not_found: ({ browser }) => browser.call("/unified-auth/nothing"),
  method_not_allowed: ({ browser }) => browser.call("/unified-auth/refresh", { method: "PUT" }),
  service_unavailable: failing(
    new ServiceUnavailableError({ dependency: "session_store", code: "timeout" }),
  ),
  unexpected_failure: failing(new TypeError("A defect of ours, with swordfish in its message")),
};

Deno.test("of all codes only the six that say that the session has ended clear its cookies", async () => {
  const codes = Object.keys(SCENARIOS) as ErrorCode[];
  assert.deepEqual(codes.toSorted(), Object.keys(ERRORS).toSorted());
  const cleared = await Promise.all(codes.map(async (code) => {
    const answer = await SCENARIOS[code](await fixture.signIn());
    if (isSessionEnded(code)) assertSessionEnded(answer, code);
    else assertRefused(answer, code);
    assert.doesNotMatch(JSON.stringify(answer.body), /swordfish/);
    return answer.setCookies.length > 0 ? [code] : [];
  }));
  assert.deepEqual(cleared.flat().toSorted(), [
    "refresh_token_already_used",
    "session_evicted",
    "session_expired",
    "session_not_found",
    "session_revoked",
    "user_banned",
  ]);
});
