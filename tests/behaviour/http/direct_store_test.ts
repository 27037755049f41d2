import assert from "node:assert/strict";
import { SEED_USERS } from "../../../local/platform/seed_users.ts";
import {
  openTestServer,
  type TestDatabase,
  type TestServer,
} from "../../../local/testing/test_server.ts";
import { openBrowser, viewOf } from "./browser.ts";
import { findOptionalProgram } from "../../harness/optional_program.ts";
import { startPooler } from "./pooler.ts";
import { type FrontendMessage, startWireTap } from "./wire_tap.ts";

/**
 * The functions that were called, in order, on connections that may keep statements: the first call of
 * a connection prepares its statement under the function's name, and each is sent in one piece.
 */
function readCalls(messages: readonly FrontendMessage[]): readonly string[] {
  const prepared = new Set<string>();
  return splitCalls(messages).map((call) => {
    assert.equal(new Set(call.map(({ answeredBytes }) => answeredBytes)).size, 1, "one round trip");
    const parse = call.find(({ type }) => type === "P");
    const bind = call.find(({ type }) => type === "B");
    assert.equal(call.map(({ type }) => type).join(""), parse ? "PBDES" : "BDES");
    const [, name = ""] = (bind?.body ?? "").split("\0");
    const kept = `${bind?.connection} ${name}`;
    if (parse) {
      assert.ok(!prepared.has(kept), "a statement is prepared once for each connection");
      prepared.add(kept);
      const [parsedName, text = ""] = parse.body.split("\0");
      assert.equal(parsedName, name);
      assert.equal(calledFunction(text), calledBy(name));
    }
    return calledBy(name);
  });
}

/** The same where nothing may be kept: each is one unnamed statement, sent when all before is answered. */
function readUnnamedCalls(messages: readonly FrontendMessage[]): readonly string[] {
  let answeredBytes = -1;
  return splitCalls(messages).map((call) => {
    assert.equal(call.map(({ type }) => type).join(""), "PBDES");
    const answered = new Set(call.map((message) => message.answeredBytes));
    assert.equal(answered.size, 1, "one round trip");
    assert.ok([...answered].every((bytes) => bytes > answeredBytes), "not pipelined");
    answeredBytes = Math.max(...answered);
    const [name, text = ""] = (call[0]?.body ?? "").split("\0");
    assert.equal(name, "", "a named statement would outlive its transaction");
    return calledFunction(text);
  });
}

/**
 * Each call ends with a Sync. A connection begins with one simple query and, where it is a direct one,
 * with its settings, and may end with a goodbye.
 */
function splitCalls(messages: readonly FrontendMessage[]): readonly FrontendMessage[][] {
  const calls: FrontendMessage[][] = [[]];
  for (const message of messages) {
    if (message.type === "Q") {
      assert.equal(message.body, "select pg_backend_pid() as pid\0");
      continue;
    }
    if (message.type === "X") continue;
    calls.at(-1)?.push(message);
    if (message.type === "S") calls.push([]);
  }
  assert.deepEqual(calls.pop(), [], "nothing is sent but calls");
  return calls.filter(([parse]) => !/^\0select\s+set_config\(/.test(parse?.body ?? ""));
}

/** A statement is named after its function, and one for many calls says so. */
function calledBy(statementName: string): string {
  return statementName.replace(/, many$/, "");
}

function calledFunction(text: string): string {
  const [, called] =
    /^select (?:v\.number, |\$1::integer as number, )?to_json\(public\.(\w+)\([a-z_0-9 =>$,.:()]*\)\) as answer(?: from json_populate_recordset\(null::public\.\w+, \$1\) as v)?$/
      .exec(text.trim().replaceAll(/\s+/g, " ")) ?? assert.fail(text);
  return called ?? "";
}

/** Of each connection separately, in their order. */
function byConnection(messages: readonly FrontendMessage[]): readonly FrontendMessage[][] {
  const connections = new Set(messages.map(({ connection }) => connection));
  return [...connections].map((of) => messages.filter(({ connection }) => connection === of));
}

async function startTapped(
  server: TestServer,
  { database, between }: {
    readonly database: TestDatabase;
    readonly between: "nothing" | "a pooler";
  },
) {
  const tap = startWireTap(server.port, { madeUpProcessId: between === "a pooler" });
  const url = new URL(database.url);
  url.port = String(tap.port);
  const stack = await server.startStack({
    database,
    functions: ["unified-auth"],
    environment: { SESSION_STORE: "postgres", SUPABASE_DB_URL: url.href },
  });
  return {
    stack,
    tap,
    async [Symbol.asyncDispose]() {
      await stack[Symbol.asyncDispose]();
      await tap[Symbol.asyncDispose]();
    },
  };
}

for (const between of ["nothing", "a pooler"] as const) {
  const read = between === "nothing" ? readCalls : readUnnamedCalls;
  Deno.test(
    `with ${between} before PostgreSQL each request is one ${
      between === "nothing" ? "kept" : "unnamed"
    } statement in one round trip`,
    async () => {
      await using server = await openTestServer();
      await using database = await server.createDatabase();
      await using tapped = await startTapped(server, { database, between });
      const { stack, tap } = tapped;
      const browser = openBrowser(stack);
      const called = () => byConnection(tap.takeMessages()).flatMap(read);

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
      const connections = byConnection(tap.takeMessages());
      assert.ok(connections.length <= 2, `${connections.length} connections`);
      const validates = connections.flatMap(read);
      assert.deepEqual(new Set(validates), new Set(["validate_session"]));
      assert.ok(validates.length < 40, "validates of the same moment share a statement");
      assert.equal((await browser.logout()).status, 200);
      assert.deepEqual(called(), ["revoke_session"]);
    },
  );
}

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
    for (const refreshed of [false, true, false, true, true]) {
      const views = await Promise.all(crowd.map(async ({ browser }) => {
        if (refreshed) browser.cookies.delete("__Host-session_access");
        return viewOf(await browser.validate());
      }));
      assert.ok(views.every((view) => view.refreshed === refreshed));
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
