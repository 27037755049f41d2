import assert from "node:assert/strict";
import { SEED_USERS } from "../../local/seed_users.ts";
import { openTestServer } from "../../local/testing.ts";
import { openBrowser, viewOf } from "./browser.ts";
import { findOptionalProgram } from "../optional_program.ts";
import { startPooler } from "./pooler.ts";
import { type FrontendMessage, startWireTap } from "./wire_tap.ts";

/** The functions that were called: each in one unnamed statement, all of it sent before any answer. */
function readCalls(messages: readonly FrontendMessage[]): readonly string[] {
  const calls: FrontendMessage[][] = [];
  for (const message of messages) {
    if (message.type === "P") calls.push([]);
    calls.at(-1)?.push(message);
  }
  assert.equal(calls.flat().length, messages.length, "nothing is sent but statements");
  return calls.map((call) => {
    assert.equal(call.map(({ type }) => type).join(""), "PBDES");
    assert.equal(new Set(call.map(({ answeredBytes }) => answeredBytes)).size, 1, "one round trip");
    const [name, text = ""] = (call[0]?.body ?? "").split("\0");
    assert.equal(name, "", "a named statement would outlive its transaction");
    const [, called = ""] =
      /^select to_json\(public\.(\w+)\([a-z_0-9 =>$,]*\)\) as answer$/.exec(text) ??
        assert.fail(text);
    return called;
  });
}

Deno.test("with the direct store each request is one unnamed statement in one round trip", async () => {
  await using server = await openTestServer();
  await using database = await server.createDatabase();
  await using tap = startWireTap(server.port);
  const url = new URL(database.url);
  url.port = String(tap.port);
  await using stack = await server.startStack({
    database,
    functions: ["unified-auth"],
    environment: { SESSION_STORE: "postgres", SUPABASE_DB_URL: url.href },
  });
  const browser = openBrowser(stack);
  const called = () => readCalls(tap.takeMessages());

  await browser.login(SEED_USERS.ada);
  const [throttle, ...others] = called();
  assert.match(throttle ?? "", /login/);
  assert.deepEqual(others, ["create_session"]);
  viewOf(await browser.validate());
  assert.deepEqual(called(), ["validate_session"]);
  viewOf(await browser.refresh());
  assert.deepEqual(called(), ["rotate_session"]);
  browser.cookies.delete("__Host-session_access");
  assert.equal(viewOf(await browser.validate()).refreshed, true);
  assert.deepEqual(called(), ["rotate_session"]);
  assert.equal((await browser.call("/unified-auth/sessions", { method: "GET" })).status, 200);
  assert.deepEqual(called(), ["list_user_sessions"]);

  await Promise.all(Array.from({ length: 40 }, () => browser.validate()));
  const messages = tap.takeMessages();
  const connections = new Set(messages.map(({ connection }) => connection));
  assert.ok(connections.size <= 4, `${connections.size} connections`);
  for (const connection of connections) {
    readCalls(messages.filter((message) => message.connection === connection));
  }
  assert.equal((await browser.logout()).status, 200);
  assert.deepEqual(called(), ["revoke_session"]);
});

const pgbouncer = await findOptionalProgram("pgbouncer", "the direct store through a pooler");

if (pgbouncer !== undefined) {
  Deno.test("the direct store works through a pooler in transaction mode", async () => {
    await using server = await openTestServer();
    await using database = await server.createDatabase();
    await using pooler = await startPooler({
      program: pgbouncer,
      databasePort: server.port,
      poolSize: 2,
    });
    const url = new URL(database.url);
    url.port = String(pooler.port);
    await using stack = await server.startStack({
      database,
      instances: 2,
      functions: ["unified-auth"],
      environment: {
        SESSION_STORE: "postgres",
        SUPABASE_DB_URL: url.href,
        SESSION_MAX_PER_USER: "100",
      },
    });
    const people = [SEED_USERS.ada, SEED_USERS.grace];
    const crowd = Array.from({ length: 16 }, (_, index) => ({
      person: people[index % 2] ?? SEED_USERS.ada,
      browser: openBrowser(stack),
    }));
    const sessionIds: string[] = [];
    for (const { person, browser } of crowd) {
      sessionIds.push((await browser.login(person)).session.id);
    }
    for (let round = 0; round < 3; round += 1) {
      const views = await Promise.all(crowd.map(async ({ browser }) => {
        browser.cookies.delete("__Host-session_access");
        return viewOf(await browser.validate());
      }));
      assert.deepEqual(views.map(({ session }) => session.id), sessionIds, "nobody gets another's");
      assert.deepEqual(
        views.map(({ user }) => user.email),
        crowd.map(({ person }) => person.email),
      );
    }
    const sql = database.connect({ max: 1 });
    const [row] = await sql`
    select count(*)::integer as connections from pg_stat_activity
    where datname = current_database() and application_name = 'unified-auth'`;
    assert.ok(row?.["connections"] <= 2, `8 clients shared ${row?.["connections"]} connections`);
  });
}
