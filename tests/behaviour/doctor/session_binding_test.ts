import { assertFinding, openDoctorFixture } from "./fixture.ts";
import { testBroken } from "./broken.ts";

const fixture = await openDoctorFixture();
Deno.test.afterAll(() => fixture.close());

testBroken(fixture, {
  when: "a proxy drops the header with the proof",
  check: "session_binding",
  says: /the proof does not arrive/,
  broken: { changeRequest: (headers) => headers.delete("dpop") },
});

Deno.test("session_binding is ok without an account, and says what that does not tell", async () => {
  const findings = await fixture.runChecks(null, { account: null });
  assertFinding(findings, "session_binding", { result: "ok", says: /a test account tells/ });
});

for (
  const [environment, says] of [
    [{ SESSION_BINDING: "off" }, /not bound.*SESSION_BINDING is off/],
    [{ SESSION_COOKIE_DOMAIN: "example.com" }, /not bound.*SESSION_COOKIE_DOMAIN shares/],
    [
      { SESSION_ALLOWED_ORIGINS: "https://a.example.com,https://b.example.com" },
      /not bound.*several origins/,
    ],
  ] as const
) {
  Deno.test(`session_binding warns with ${JSON.stringify(environment)}, and says why`, async () => {
    const unbound = await openDoctorFixture({ environment });
    try {
      const findings = await unbound.runChecks(null, { account: null });
      assertFinding(findings, "session_binding", { result: "warning", says });
    } finally {
      await unbound.close();
    }
  });
}
