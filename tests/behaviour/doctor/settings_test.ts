import { assertFinding, openDoctorFixture } from "./fixture.ts";

/** The doctor sees a host of the app's domain; what answers is the fixture's proxy. */
function fetchFrom(host: string, baseUrl: string): typeof fetch {
  return (input, init) => fetch(String(input).replace(host, baseUrl), init);
}

const HOST = "https://api.example.com";
const APP = "https://app.example.com";

Deno.test("cookies that subdomains share are first-party, with the domain that they are for", async () => {
  const fixture = await openDoctorFixture({
    environment: { SESSION_COOKIE_DOMAIN: "example.com", SESSION_ALLOWED_ORIGINS: APP },
  });
  try {
    const findings = await fixture.runChecks(null, {
      functionsUrl: `${HOST}/functions/v1`,
      appOrigin: APP,
      fetch: fetchFrom(HOST, fixture.baseUrl),
    });
    assertFinding(findings, "app_origin", { result: "ok", says: /may call/ });
    assertFinding(findings, "cookies_arrive", { result: "ok", says: /whole/ });
    assertFinding(findings, "cookie_attributes", { result: "ok", says: /__Secure-/ });
    assertFinding(findings, "cookie_party", { result: "ok", says: /app\.example\.com and api/ });
    assertFinding(findings, "sign_out", { result: "ok", says: /no session is left/ });
  } finally {
    await fixture.close();
  }
});

Deno.test("cookies for embedding are third-party on supabase.co, and partitioned", async () => {
  const fixture = await openDoctorFixture({
    environment: { SESSION_COOKIE_SAMESITE: "none", SESSION_ALLOWED_ORIGINS: APP },
  });
  const project = "https://abcdefghijklmnopqrst.supabase.co";
  try {
    const findings = await fixture.runChecks(null, {
      functionsUrl: `${project}/functions/v1`,
      appOrigin: APP,
      fetch: fetchFrom(project, fixture.baseUrl),
    });
    assertFinding(findings, "cookie_attributes", {
      result: "ok",
      says: /SameSite=None, Partitioned/,
    });
    assertFinding(findings, "cookie_party", {
      result: "warning",
      says: /example\.com and abcdefghijklmnopqrst\.supabase\.co are two sites.*partitioned/,
    });
  } finally {
    await fixture.close();
  }
});
