import assert from "node:assert/strict";
import { codeOf } from "./browser.ts";
import { openHttpFixture } from "./fixture.ts";

/** As docs/deploy says: a proxy of the app names the client in a header that nobody can guess. */
const PROXY_HEADER = "x-client-address-4f1c";

const fixture = await openHttpFixture({
  functions: ["unified-auth"],
  environment: { SESSION_CLIENT_IP_HEADER: PROXY_HEADER },
});
Deno.test.afterAll(() => fixture.close());

/** A wrong password at an account that nobody else tries. */
async function guess(ip: string, named: string | null): Promise<string> {
  const answer = await fixture.openBrowser({ ip }).call("/unified-auth/login", {
    body: { email: `${crypto.randomUUID()}@example.com`, password: "swordfish" },
    headers: named === null ? {} : { [PROXY_HEADER]: named },
  });
  return codeOf(answer);
}

Deno.test("a caller that no proxy has named is counted by the address that the platform names", async () => {
  const unnamed = [null, "", "unknown", "203.0.113.300"];
  const startedAt = performance.now();
  const codes = await Promise.all(
    Array.from({ length: 130 }, (_, at) => guess("203.0.113.9", unnamed[at % 4] ?? null)),
  );
  const seconds = (performance.now() - startedAt) / 1000;
  const checked = codes.filter((code) => code === "invalid_credentials").length;
  // One failure is forgiven in ten seconds, and of those too many each waits twice as long as the one before.
  const more = Math.floor(seconds / 10) + Math.floor(Math.log2(1 + seconds));
  assert.ok(checked >= 101 && checked <= 101 + more, `${checked} in ${seconds} s`);
});

Deno.test("a caller that a proxy has named is counted by that address", async () => {
  assert.equal(await guess("203.0.113.9", "198.51.100.44"), "invalid_credentials");
});
