import assert from "node:assert/strict";
import { startFunction } from "../../../local/platform/function_processes.ts";
import { SEED_USERS } from "../../../local/platform/seed_users.ts";
import { openTestServer } from "../../../local/testing/test_server.ts";
import { ageSession } from "../../../local/testing/aging.ts";
import { openBrowser, REFRESH_COOKIE, viewOf } from "./browser.ts";

Deno.test("each request asks the database once, a login and a reissue once more", async () => {
  await using server = await openTestServer();
  await using stack = await server.startStack({
    functions: [],
    environment: { SESSION_STORE: "data-api" },
  });
  const sql = stack.database.connect({ max: 1 });
  const asked: string[] = [];
  const project = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const { pathname, search } = new URL(request.url);
    const called = /^\/rest\/v1\/rpc\/(\w+)$/.exec(pathname)?.[1];
    if (called !== undefined) asked.push(called);
    const { method, headers, body } = request;
    return fetch(`${stack.baseUrl}${pathname}${search}`, { method, headers, body });
  });
  const host = `127.0.0.1:${project.addr.port}`;
  const process = await startFunction({
    name: "unified-auth",
    projectDirectory: new URL("../../..", import.meta.url).pathname,
    environment: { ...stack.environment, SUPABASE_URL: `http://${host}` },
    mayReach: [host],
  });
  try {
    const browser = openBrowser({ functionsUrl: process.url });
    asked.length = 0; // waiting for the process may have asked already

    const { session } = await browser.login(SEED_USERS.ada);
    assert.deepEqual(asked.splice(0), ["check_login_allowed", "create_session"]);
    viewOf(await browser.validate());
    assert.deepEqual(asked.splice(0), ["validate_session"]);
    viewOf(await browser.refresh());
    assert.deepEqual(asked.splice(0), ["rotate_session"]);
    browser.cookies.delete("__Host-session_access");
    assert.equal(viewOf(await browser.validate()).refreshed, true);
    assert.deepEqual(asked.splice(0), ["rotate_session"]);
    const outlastWindow = () => ageSession(sql, session.id, 3600);
    await outlastWindow();
    const predecessor = browser.cookies.get(REFRESH_COOKIE) ?? "";
    viewOf(await browser.refresh());
    assert.deepEqual(asked.splice(0), ["rotate_session"]);
    await outlastWindow();
    browser.cookies.set(REFRESH_COOKIE, predecessor); // as if the reply had been lost
    viewOf(await browser.refresh());
    assert.deepEqual(asked.splice(0), ["rotate_session", "rotate_session"]);
    assert.equal((await browser.logout()).status, 200);
    assert.deepEqual(asked.splice(0), ["revoke_session"]);
  } finally {
    await process.stop();
    await project.shutdown();
  }
});
