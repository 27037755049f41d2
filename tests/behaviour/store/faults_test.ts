/**
 * A failure below the store is one kind of error with a code, over both stores and for every function,
 * and the next call is answered.
 *
 * @module
 */

import assert from "node:assert/strict";
import type postgres from "postgres";
import { repeatRolledBack } from "../../../supabase/functions/_shared/store/sql_functions_repeat.ts";
import { ServiceUnavailableError } from "../../../supabase/functions/_shared/service_unavailable.ts";
import { ageSession } from "../../../local/testing/aging.ts";
import { openSessionsBy } from "../sql/sql_sessions.ts";
import { untilWaiting } from "../../resilience/fault/lock_waits.ts";
import { CALLED, CALLS, replaceBody } from "./calls.ts";
import { openStore, type StoreFixture, testEachStore } from "./store_fixture.ts";

/** Rejects with the one error that a store may reject with. */
async function assertUnavailable(
  asked: Promise<unknown>,
  code: string,
  what: string,
): Promise<void> {
  const thrown = await asked.then(
    (answer) => assert.fail(`${what}: answered ${JSON.stringify(answer)}`),
    (reason: unknown) => reason,
  );
  if (!(thrown instanceof ServiceUnavailableError)) throw thrown;
  assert.equal(thrown.dependency, "session_store", what);
  assert.equal(thrown.code, code, what);
}

/** PostgreSQL's errors for a statement that it gave up, or that it does not take. */
const SQLSTATES = {
  "40001": "a serialization failure",
  "40P01": "a deadlock",
  "57014": "a cancelled statement",
  "55P03": "a lock that was not to be had",
  "25006": "a database that takes no writes",
  "53300": "too many connections",
  "57P01": "a server that goes down",
  "23505": "a value that is there already",
  XX000: "an error inside PostgreSQL",
} as const;

testEachStore("every function's failure in the database is named by its SQLSTATE", async (kind) => {
  await using store = await openStore(kind);
  for (const [code, meaning] of Object.entries(SQLSTATES)) {
    for (const name of CALLED) {
      await replaceBody(store.admin, name, `raise exception 'x' using errcode = '${code}';`);
      await assertUnavailable(CALLS[name](store), code, `${name}: ${meaning}`);
    }
  }
});

testEachStore("an answer of another shape is no answer", async (kind) => {
  await using store = await openStore(kind);
  for (const name of CALLED) {
    const [row] = await store.admin<{ result: string }[]>`
      select pg_get_function_result(to_regproc(${`public.${name}`})) as result`;
    if (row?.result === "void") continue;
    if (name === "unified_auth_recall_answer") continue; // null says that there is none
    await replaceBody(store.admin, name, row?.result === "record" ? "return;" : "return null;");
    await assertUnavailable(CALLS[name](store), "unexpected_answer", name);
  }
});

testEachStore(
  "a function that the database does not have is a failure with a code",
  async (kind) => {
    await using store = await openStore(kind);
    for (const name of CALLED) {
      if (name === "unified_auth_last_migration") continue; // the answer that it asks for: too old
      await store.admin.unsafe(`alter function public.${name} rename to ${name}_of_later`);
      const code = { "data-api": "PGRST202", postgres: "42883" }[kind];
      await assertUnavailable(CALLS[name](store), code, name);
    }
  },
);

testEachStore(
  "every function's failure in the network is reported, and the next call is answered",
  async (kind) => {
    await using store = await openStore(kind, { timeoutMs: 5_000 });
    for (const name of CALLED) {
      const when = new RegExp(name);
      const answered = () => CALLS[name](store);
      await answered();
      store.network.setFault({ kind: "drop", when });
      await assertUnavailable(answered(), "network", `${name}: lost on its way`);
      store.network.setFault({ kind: "truncate", bytes: 20, when });
      await assertUnavailable(answered(), "network", `${name}: the answer breaks off`);
      store.network.setFault(null);
      await answered();
    }
  },
);

testEachStore(
  "every function's silence ends at the time limit, and the next call is answered",
  async (kind) => {
    await using store = await openStore(kind, { timeoutMs: 2_500, poolSize: CALLED.length });
    await Promise.all(CALLED.map((name) => CALLS[name](store)));
    store.network.setFault({ kind: "delay", milliseconds: 60_000 });
    await Promise.all(
      CALLED.map((name) => assertUnavailable(CALLS[name](store), "timeout", name)),
    );
    store.network.setFault(null);
    await Promise.all(CALLED.map((name) => CALLS[name](store)));
  },
);

testEachStore("with nobody there every function says so", async (kind) => {
  await using store = await openStore(kind);
  await store.cutOff();
  for (const name of CALLED) await assertUnavailable(CALLS[name](store), "network", name);
});

/** Holds a session's row, and runs `during` with what waits for it. */
async function whileHeld(
  store: StoreFixture,
  during: (held: {
    readonly waiting: () => Promise<unknown>;
    readonly untilItWaits: () => Promise<void>;
    readonly admin: postgres.Sql;
  }) => Promise<void>,
): Promise<void> {
  const { sessions, database } = store;
  const token = await sessions.signIn(await store.insertUser());
  await ageSession(store.admin, token.sessionId, 3600);
  const holder = database.connectAs("supabase_admin", { max: 1 });
  const admin = database.connectAs("supabase_admin", { max: 1 });
  await holder.begin(async (sql) => {
    await sql`select from public.sessions where id = ${token.sessionId} for update`;
    await during({
      waiting: () => sessions.rotate(token),
      untilItWaits: () => untilWaiting(admin, 1),
      admin,
    });
  });
  const { answer } = await sessions.rotate(token);
  assert.equal(answer.outcome, "rotated", "the row is free again, and so is a connection");
}

testEachStore(
  "a row that another transaction holds ends the call at the limit on locks",
  async (kind) => {
    await using store = await openStore(kind);
    await whileHeld(store, ({ waiting }) => assertUnavailable(waiting(), "55P03", "a locked row"));
  },
);

testEachStore("a statement that an operator cancels is a failure of its call", async (kind) => {
  await using store = await openStore(kind);
  await whileHeld(store, async ({ waiting, untilItWaits, admin }) => {
    const cancelled = assertUnavailable(waiting(), "57014", "cancelled");
    await untilItWaits();
    await admin`
      select pg_cancel_backend(pid) from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock'`;
    await cancelled;
  });
});

testEachStore("a connection that an operator ends is a failure of its call", async (kind) => {
  await using store = await openStore(kind);
  const code = { "data-api": "PGRST001", postgres: "57P01" }[kind];
  await whileHeld(store, async ({ waiting, untilItWaits, admin }) => {
    const lost = assertUnavailable(waiting(), code, "terminated");
    await untilItWaits();
    await admin`
      select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock'`;
    await lost;
  });
});

testEachStore("a call that gets no connection in time is a failure", async (kind) => {
  await using store = await openStore(kind, { poolSize: 1, connectTimeoutMs: 300 });
  const code = { "data-api": "PGRST003", postgres: "timeout" }[kind];
  await whileHeld(store, async ({ waiting, untilItWaits }) => {
    const first = assertUnavailable(waiting(), "55P03", "the one that has the connection");
    await untilItWaits();
    await assertUnavailable(CALLS.create_session(store), code, "the one that has none");
    await first;
  });
});

const ROLLED_BACK = ["40001", "40P01"] as const;

testEachStore(
  "a call that was rolled back for another is made again, five times at most",
  async (kind) => {
    for (const code of ROLLED_BACK) {
      await using store = await openStore(kind);
      const { admin } = store;
      const repeated = {
        ...store,
        sessions: openSessionsBy(repeatRolledBack(store.call)),
      };
      await admin`create sequence public.attempts`;
      await admin`grant usage on sequence public.attempts to public`;
      const failing = (times: number) =>
        replaceBody(
          admin,
          "rotate_session",
          `if nextval('public.attempts') <= ${times} then
          raise exception 'x' using errcode = '${code}';
        end if;
        outcome := 'not_found';
        server_time := now();`,
        );
      await failing(2);
      const answer = await CALLS.rotate_session(repeated);
      assert.equal((answer as { outcome: string }).outcome, "not_found", code);

      await failing(1_000);
      await assertUnavailable(CALLS.rotate_session(repeated), code, "rolled back each time");
      assert.equal(store.called.length, 3 + 5, `${code}: three calls, then five`);
    }
  },
);
