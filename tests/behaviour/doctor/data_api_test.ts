import assert from "node:assert/strict";
import { generateKeys } from "../../../local/keys.ts";
import { assertFinding, openDoctorFixture } from "./fixture.ts";

const fixture = await openDoctorFixture();
Deno.test.afterAll(() => fixture.close());

const { sql, stack } = fixture;

Deno.test("functions_answer fails in its own words when the data API does not expose public", async () => {
  const closed = await openDoctorFixture({ exposedSchemas: ["api"] });
  try {
    const projectUrl = closed.stack.baseUrl;
    const findings = await closed.runChecks(null, { account: null, projectUrl });
    assertFinding(findings, "functions_answer", {
      result: "failed",
      says: /does not expose the schema public/,
    });
  } finally {
    await closed.close();
  }
});

Deno.test("signing_key fails when the data API itself does not know session_is_live()", async () => {
  await sql`alter function public.session_is_live() rename to session_was_live`;
  const findings = await fixture.runChecks(null);
  await sql`alter function public.session_was_live() rename to session_is_live`;
  assertFinding(findings, "signing_key", {
    result: "failed",
    says: /does not know session_is_live/,
  });
});

Deno.test("signing_key fails when nobody but a visitor may call session_is_live()", async () => {
  await sql`revoke execute on function public.session_is_live() from authenticated`;
  const findings = await fixture.runChecks(null, { database: sql });
  await sql`grant execute on function public.session_is_live() to authenticated`;
  assertFinding(findings, "signing_key", { result: "failed", says: /or a grant is missing/ });
  assertFinding(findings, "grants", {
    result: "failed",
    says: /missing: "authenticated may execute/,
  });
});

Deno.test("signing_key fails with a publishable key of another project", async () => {
  const findings = await fixture.runChecks(null, { publishableKey: "sb_publishable_another" });
  assertFinding(findings, "signing_key", { result: "failed", says: /"Invalid API key"/ });
});

Deno.test("signing_key and cookies_arrive fail when one function signs with a key that nobody else has", async () => {
  const [instance = assert.fail()] = stack.functions["unified-auth"] ?? [];
  const { SESSION_SIGNING_KEYS } = await generateKeys();
  await instance.restart({ SESSION_SIGNING_KEYS });
  const findings = await fixture.runChecks(null);
  assertFinding(findings, "signing_key", { result: "failed", says: /does not know the key/ });
  assertFinding(findings, "cookies_arrive", {
    result: "failed",
    says: /\/validate-session does not accept them back: "access_token_invalid"/,
  });
  assert.equal(await fixture.countLiveSessions(), 0);
});
