import assert from "node:assert/strict";
import { type AuthClient, createAuthClient } from "../../../client/src/index.ts";
import { ageSession } from "../../../local/testing/aging.ts";
import { ACCESS_COOKIE, type Browser } from "./browser.ts";
import { openHttpFixture, PASSWORD } from "./fixture.ts";

/** A client over a browser's cookie jar: Deno's own `fetch` keeps no cookies. */
function clientOf(browser: Browser, functionsUrl: string): AuthClient {
  return createAuthClient({
    baseUrl: `${functionsUrl}/unified-auth`,
    async fetch(input, init) {
      const request = new Request(input, init);
      const text = await request.text();
      const { status, headers, body } = await browser.call(
        request.url.slice(functionsUrl.length),
        { method: request.method, ...(text === "" ? {} : { body: JSON.parse(text) }) },
      );
      return Response.json(body, { status, headers: { ...Object.fromEntries(headers) } });
    },
  });
}

Deno.test("a client signs in, refreshes, lists, ends and signs out against the backend", async () => {
  const fixture = await openHttpFixture({
    functions: ["unified-auth"],
    environment: { SESSION_EXPOSE_ACCESS_TOKEN: "true" },
  });
  const { id, email } = await fixture.createPerson();
  const { functionsUrl } = fixture.stack;
  const auth = clientOf(fixture.openBrowser(), functionsUrl);

  assert.equal((await auth.ready()).status, "signed-out");
  const refused = await auth.signIn.withPassword({ email, password: "wrong" });
  assert.ok(refused.kind === "refused" && refused.code === "invalid_credentials");
  const signedIn = await auth.signIn.withPassword({ email, password: PASSWORD });
  assert.ok(signedIn.kind === "signed-in" && signedIn.user.id === id);
  assert.deepEqual([auth.status, auth.user?.email], ["active", email]);
  assert.match(await auth.getAccessToken() ?? "", /^ey/);
  const [row] = await fixture.sql`select s.id from public.sessions as s where s.user_id = ${id}`;
  await ageSession(fixture.sql, row?.["id"], 3000);
  assert.equal((await auth.refresh()).generation, 2);

  const other = clientOf(fixture.openBrowser(), functionsUrl);
  await other.signIn.withPassword({ email, password: PASSWORD, deviceName: "phone" });
  const listed = await auth.devices.list();
  assert.ok(listed.kind === "listed" && listed.devices.length === 2);
  const phone = listed.devices.find(({ current }) => !current);
  assert.equal(phone?.deviceName, "phone");
  assert.deepEqual(await auth.devices.end(phone?.id ?? ""), { kind: "done" });
  const { status, reason } = await other.check();
  assert.deepEqual([status, reason], ["ended", "revoked"]);
  assert.deepEqual(await auth.devices.end(crypto.randomUUID()), { kind: "not-found" });

  assert.deepEqual(await auth.signOut(), { kind: "done" });
  assert.equal((await auth.check()).status, "signed-out");
  await fixture.close();
});

Deno.test("the list of devices is there after the access token has expired", async () => {
  const fixture = await openHttpFixture({ functions: ["unified-auth"] });
  const { id, email } = await fixture.createPerson();
  const browser = fixture.openBrowser();
  const auth = clientOf(browser, fixture.stack.functionsUrl);
  await auth.signIn.withPassword({ email, password: PASSWORD });
  const [row] = await fixture.sql`select s.id from public.sessions as s where s.user_id = ${id}`;
  await ageSession(fixture.sql, row?.["id"], 4000);
  browser.cookies.delete(ACCESS_COOKIE);
  assert.equal((await auth.devices.list()).kind, "listed");
  assert.equal(auth.getSnapshot().generation, 2);
  await fixture.close();
});
