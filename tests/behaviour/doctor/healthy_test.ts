import assert from "node:assert/strict";
import { CHECK_IDS, type CheckId } from "../../../tools/doctor/finding.ts";
import { APP_ON_ANOTHER_PORT, assertFinding, openDoctorFixture } from "./fixture.ts";

const fixture = await openDoctorFixture();
Deno.test.afterAll(() => fixture.close());

Deno.test("of a healthy project every check is ok, and no session is left", async () => {
  const findings = await fixture.runChecks(null, { database: fixture.sql });
  for (const check of CHECK_IDS) {
    assert.equal(findings[check].result, "ok", `${check}: ${findings[check].message}`);
    assert.equal(findings[check].remedy, null);
  }
  assert.equal(await fixture.countLiveSessions(), 0);
});

Deno.test("an app on another origin of the same site is let in by CORS, and its cookies are first-party", async () => {
  const findings = await fixture.runChecks(null, { appOrigin: APP_ON_ANOTHER_PORT });
  assertFinding(findings, "app_origin", {
    result: "ok",
    says: /may call the functions, with cook/,
  });
  assertFinding(findings, "cookie_party", { result: "ok", says: /First-party: .*7 days at most/ });
});

Deno.test("a check that needs an account, an app, a key or a database says so without it", async () => {
  const findings = await fixture.runChecks(null, {
    account: null,
    appOrigin: null,
    publishableKey: null,
  });
  const notChecked: readonly CheckId[] = [
    "app_origin",
    "sign_in",
    "cookie_party",
    "client_address",
    "clock_skew",
    "signing_key",
    "migrations",
    "schema",
    "event_ids",
    "grants",
    "sign_out",
  ];
  for (const check of CHECK_IDS) {
    const { result, remedy } = findings[check];
    assert.equal(result, notChecked.includes(check) ? "not_checked" : "ok", check);
    if (result === "not_checked") assert.ok(remedy, check);
  }
  assertFinding(findings, "cookies_arrive", {
    result: "ok",
    says: /Full ones need a test account/,
  });
});

Deno.test("the data API is called with a key, at an address that can be named", async () => {
  const without = await fixture.runChecks(null, { publishableKey: null });
  assertFinding(without, "signing_key", { result: "not_checked", says: /publishable key/ });
  const misnamed = await fixture.runChecks(null, { projectUrl: "http://127.0.0.1:1" });
  assertFinding(misnamed, "signing_key", { result: "not_checked", says: /does not answer from/ });
  const named = await fixture.runChecks(null, { projectUrl: fixture.stack.baseUrl });
  assertFinding(named, "signing_key", { result: "ok", says: /trusts our access tokens/ });
});

Deno.test("an edge that says an age of 0 on every answer is no cache", async () => {
  const findings = await fixture.runChecks({ changeReply: (headers) => headers.set("age", "0") });
  assertFinding(findings, "answers_fresh", { result: "ok", says: /Nothing on the way caches/ });
});
