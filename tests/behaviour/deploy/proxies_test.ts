import assert from "node:assert/strict";
import { findFreePort } from "../../../local/platform/postgres/server.ts";
import { SEED_USERS } from "../../../local/platform/seed_users.ts";
import { openTestServer } from "../../../local/testing/test_server.ts";
import { runChecks } from "../../../tools/doctor/run_checks.ts";
import { openBrowser, viewOf } from "../http/browser.ts";
import { type DocumentedProxy, EDGE_PLATFORMS, findServers } from "./proxies.ts";
import { startClosingServer } from "./closing_server.ts";

const SECRET = crypto.randomUUID().slice(0, 8);
const ADDRESS_HEADER = `x-client-address-${SECRET}`;

const proxies = [...await findServers(), ...EDGE_PLATFORMS];
const ports = new Map(proxies.map(({ name }) => [name, findFreePort()]));

const server = await openTestServer();
const stack = await server.startStack({
  keepClientAddress: false, // as the platform's edge, which callers past the proxy meet too
  environment: {
    SESSION_ALLOWED_ORIGINS: [...ports.values()].map((port) => `http://127.0.0.1:${port}`).join(),
    SESSION_CLIENT_IP_HEADER: ADDRESS_HEADER,
  },
});
const sql = stack.database.connect({ max: 1 });
Deno.test.afterAll(async () => {
  await stack.stop();
  await server.close();
});

function start({ name, start }: DocumentedProxy, upstream = stack.baseUrl) {
  const port = ports.get(name) ?? assert.fail();
  return start({ port, upstream, secret: SECRET });
}

for (const proxy of proxies) {
  Deno.test(`the doctor finds nothing wrong behind ${proxy.name}`, async () => {
    await using running = await start(proxy);
    const findings = await runChecks({
      target: {
        functionsUrl: `${running.baseUrl}/functions/v1`,
        appOrigin: running.baseUrl,
        publishableKey: stack.keys.publishable,
        projectUrl: null,
      },
      account: SEED_USERS.ada,
      database: sql,
      fetch,
      nowMs: Date.now,
    });
    for (const { check, result, message } of findings) {
      assert.equal(result, "ok", `${check}: ${message}`);
    }
  });

  Deno.test(`${proxy.name} hands cookies of their full size on, both ways and untouched`, async () => {
    await using running = await start(proxy);
    const { id, email, password } = SEED_USERS.grace;
    await sql`
      update auth.users
      set raw_app_meta_data = raw_app_meta_data || ${sql.json({ roles: "x".repeat(2_150) })}
      where id = ${id}`;
    const browser = openBrowser({ functionsUrl: `${running.baseUrl}/functions/v1` });
    const answer = await browser.call("/unified-auth/login", { body: { email, password } });
    assert.equal(viewOf(answer).user.id, id);
    assert.equal(answer.setCookies.length, 3);
    const [access = "", refresh = ""] = answer.setCookies;
    assert.ok(access.length > 3_600, `${access.length}`);
    for (const cookie of [access, refresh]) {
      assert.match(
        cookie,
        /^__Host-session_(?:access|refresh)=[\w.-]+; Max-Age=\d+; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
      );
    }
    assert.equal(viewOf(await browser.validate()).session.id, viewOf(answer).session.id);
    assert.equal((await browser.logout("global")).status, 200);
  });

  Deno.test(`${proxy.name} tells the client's address, whatever the client says of it`, async () => {
    await using running = await start(proxy);
    const browser = openBrowser({ functionsUrl: `${running.baseUrl}/functions/v1` });
    const { email, password } = SEED_USERS.grace;
    await browser.call("/unified-auth/login", {
      body: { email, password },
      headers: { [ADDRESS_HEADER]: "192.0.2.1", "x-forwarded-for": "192.0.2.2" },
    });
    const [row] = await sql`
      select host(s.ip) as ip, s.user_agent
      from public.sessions as s
      where s.is_valid and s.user_id = ${SEED_USERS.grace.id}`;
    assert.equal(row?.["ip"], "127.0.0.1");
    assert.match(row?.["user_agent"], /Firefox/);
    await browser.logout("global");
  });

  Deno.test(`${proxy.name} hands path, query and refusals on as they are`, async () => {
    await using running = await start(proxy);
    const { baseUrl } = running;
    const missingPath = await fetch(`${baseUrl}/functions/v1/unified-auth/no%20such?a=1&a=2`);
    assert.equal(missingPath.status, 404);
    assert.equal((await missingPath.json()).code, "not_found");
    const wrongMethod = await fetch(`${baseUrl}/functions/v1/unified-auth/login`);
    assert.equal(wrongMethod.status, 405);
    assert.equal(wrongMethod.headers.get("allow"), "POST");
    await wrongMethod.body?.cancel();
    const tooLarge = await fetch(`${baseUrl}/functions/v1/unified-auth/login`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ email: "a".repeat(20_000) }),
    });
    assert.equal(tooLarge.status, 413);
    assert.equal((await tooLarge.json()).code, "payload_too_large");
  });

  Deno.test(`${proxy.name} sends a POST once, and answers an outage with a 5xx that sets no cookie`, async () => {
    await using upstream = startClosingServer();
    await using running = await start(proxy, upstream.baseUrl);
    const response = await fetch(`${running.baseUrl}/functions/v1/unified-auth/refresh`, {
      method: "POST",
      headers: { cookie: "__Host-session_refresh=x" },
    });
    await response.body?.cancel();
    assert.ok(response.status >= 500, String(response.status));
    assert.deepEqual(response.headers.getSetCookie(), []);
    assert.equal(upstream.requests(), 1);
  });
}
