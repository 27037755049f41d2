import assert from "node:assert/strict";
import { createHttpTransport, createSession, type HttpTransport } from "../../client/src/index.ts";
import { ageSession } from "../http/aging.ts";
import type { Browser } from "../http/browser.ts";
import { openHttpFixture, PASSWORD } from "../http/fixture.ts";

const call = { signal: new AbortController().signal, trigger: "manual" } as const;

/** The client's transport over a browser's cookie jar: Deno's own `fetch` keeps no cookies. */
function transportOf(browser: Browser, functionsUrl: string): HttpTransport {
  const baseUrl = `${functionsUrl}/unified-auth`;
  return createHttpTransport({
    baseUrl,
    async fetch(request) {
      const text = await request.text();
      const { status, headers, body } = await browser.call(
        request.url.slice(functionsUrl.length),
        { method: request.method, ...(text === "" ? {} : { body: JSON.parse(text) }) },
      );
      return Response.json(body, { status, headers: { ...Object.fromEntries(headers) } });
    },
  });
}

Deno.test("the transport signs in, validates, refreshes, lists, ends and signs out against the backend", async () => {
  const fixture = await openHttpFixture({
    functions: ["unified-auth"],
    environment: { SESSION_EXPOSE_ACCESS_TOKEN: "true" },
  });
  const person = await fixture.createPerson();
  const { functionsUrl } = fixture.stack;
  const transport = transportOf(fixture.openBrowser(), functionsUrl);

  assert.deepEqual(await transport.validate(call), { kind: "rejected", reason: "no-session" });
  assert.deepEqual(await transport.refresh(call), { kind: "rejected", reason: "no-session" });
  const refused = await transport.login({ email: person.email, password: "wrong" }, call);
  assert.ok(refused.kind === "refused" && refused.code === "invalid_credentials");

  const signedIn = await transport.login({ email: person.email, password: PASSWORD }, call);
  assert.ok(signedIn.kind === "valid");
  assert.equal(signedIn.user.id, person.id);
  assert.match(signedIn.accessToken ?? "", /^ey/);
  const valid = await transport.validate(call);
  assert.ok(valid.kind === "valid" && !valid.refreshed && valid.sessionId === signedIn.sessionId);
  await ageSession(fixture.sql, signedIn.sessionId, 3000);
  const refreshed = await transport.refresh(call);
  assert.ok(refreshed.kind === "valid" && refreshed.refreshed && refreshed.generation === 2);

  const other = transportOf(fixture.openBrowser(), functionsUrl);
  await other.login({ email: person.email, password: PASSWORD, deviceName: "phone" }, call);
  const listed = await transport.sessions();
  assert.ok(listed.kind === "listed" && listed.sessions.length === 2);
  const phone = listed.sessions.find(({ current }) => !current);
  assert.equal(phone?.deviceName, "phone");
  assert.deepEqual(await transport.endSession(phone?.id ?? ""), { kind: "done" });
  assert.deepEqual(await other.validate(call), { kind: "rejected", reason: "revoked" });
  assert.deepEqual(await transport.endSession(crypto.randomUUID()), { kind: "not-found" });

  assert.deepEqual(await transport.logout({ ...call, scope: "local" }), { kind: "done" });
  assert.deepEqual(await transport.validate(call), { kind: "rejected", reason: "no-session" });
  await fixture.close();
});

Deno.test("a whole session runs against the backend: sign in, fetch with a token, sign out", async () => {
  const fixture = await openHttpFixture({
    functions: ["unified-auth"],
    environment: { SESSION_EXPOSE_ACCESS_TOKEN: "true" },
  });
  const person = await fixture.createPerson();
  const transport = transportOf(fixture.openBrowser(), fixture.stack.functionsUrl);
  const session = createSession({ transport });
  session.start();
  assert.equal((await session.recover()).status, "signed-out");
  await session.signIn((call) =>
    transport.login({ email: person.email, password: PASSWORD }, call)
  );
  assert.equal(session.getSnapshot().status, "active");
  assert.match(await session.getAccessToken() ?? "", /^ey/);
  assert.deepEqual(await session.signOut(), { kind: "done" });
  assert.equal(session.getSnapshot().status, "signed-out");
  session.dispose();
  await fixture.close();
});
