import assert from "node:assert/strict";
import { openTestServer } from "../../../local/testing/test_server.ts";
import { ageSession } from "../../../local/testing/aging.ts";
import { createSession } from "../retention/sessions_by_sql.ts";
import { readAudits, runAudit } from "../../../tools/audits.ts";
import { CHROME, FIREFOX } from "../http/browser.ts";
import { type AuditFixture, makeAuditFixture, THIEF } from "./audit_fixture.ts";

type Row = Readonly<Record<string, unknown>>;
type Expectation = (rows: readonly Row[], fixture: AuditFixture) => void;

/** The rows that each audit must find in the fixture. A new audit without an entry fails the test below. */
const EXPECTATIONS: Readonly<Record<string, Expectation>> = {
  signed_in(rows, { sessions }) {
    const ids = rows.map((row) => row["session_id"]);
    assert.equal(rows.length, 8); // two of Ada's, five of Mary's, one of Linus's
    assert.ok(ids.includes(sessions.saved) && ids.includes(sessions.asleep));
    assert.ok(!ids.includes(sessions.robbed) && !ids.includes(sessions.evicted));
    const asleep = rows.find((row) => row["session_id"] === sessions.asleep);
    assert.deepEqual(
      [asleep?.["user"], asleep?.["user_agent"], asleep?.["ip"]],
      ["ada@example.com", CHROME, "198.51.100.2"],
    );
  },
  restorable(rows) {
    assert.deepEqual(rows, [{ count: "1" }]);
  },
  reuse_detections(rows, { sessions }) {
    assert.equal(rows.length, 1);
    const [row] = rows;
    assert.deepEqual(
      [row?.["session_id"], row?.["user"], row?.["presented"]],
      [sessions.robbed, "grace@example.com", "older"],
    );
    assert.deepEqual([row?.["presented_by"], row?.["session_user_agent"]], [THIEF, FIREFOX]);
    assert.deepEqual(
      [row?.["presented_from"], row?.["session_ip"]],
      ["203.0.113.66", "198.51.100.3"],
    );
    assert.deepEqual([row?.["presented_token"], row?.["current_token"]], ["1.0", "3.0"]);
  },
  reuse_timeline(rows, { sessions }) {
    assert.ok(rows.every((row) => row["session_id"] === sessions.robbed));
    assert.deepEqual(
      rows.map((row) => [row["event"], row["user_agent"]]),
      [["login", FIREFOX], ["refresh", FIREFOX], ["refresh", FIREFOX], ["reuse_detected", THIEF]],
    );
    assert.deepEqual(
      rows.map((row) => /^-0[12]:/.test(String(row["from_detection"]))),
      [true, true, false, false],
    );
  },
  evictions(rows, { sessions }) {
    assert.equal(rows.length, 1);
    const [row] = rows;
    assert.deepEqual(
      [row?.["session_id"], row?.["user"], row?.["evicted_user_agent"], row?.["signed_in_on"]],
      [sessions.evicted, "mary@example.com", "Browser/1", "Browser/6"],
    );
  },
  failed_logins_by_account(rows) {
    assert.deepEqual(rows.map((row) => row["failures"]), ["2", "1"]);
    assert.ok(rows.every((row) => /^[0-9a-f]{16}$/.test(String(row["account_hash"]))));
    assert.ok(!JSON.stringify(rows).includes("@"), "no e-mail of a failed login");
  },
  failed_logins_by_address(rows) {
    assert.deepEqual(
      rows.map((row) => [row["ip"], row["failures"], row["accounts"]]),
      [["203.0.113.7", "3", "2"]],
    );
  },
  refreshes_by_hour(rows) {
    const total = (column: string) => rows.reduce((sum, row) => sum + Number(row[column]), 0);
    assert.equal(total("refreshed"), 4); // two of Ada's, two of Grace's
    assert.equal(total("saved"), 2);
    assert.equal(total("used_after_end"), 2);
    assert.equal(total("reused"), 1);
    assert.equal(total("key_suspected"), 1);
    for (const row of rows) {
      const succeeded = ["refreshed", "auto_refreshed", "saved"];
      const failed = ["used_after_end", "reused", "key_suspected"];
      const sum = (columns: string[]) => columns.reduce((all, name) => all + Number(row[name]), 0);
      const share = 100 * sum(succeeded) / (sum(succeeded) + sum(failed));
      assert.equal(Number(row["success_percent"]), Math.round(share * 10) / 10);
    }
  },
  session_length(rows) {
    assert.deepEqual(
      rows.map((row) => [row["ended_by"], row["sessions"]]).sort(),
      [["all", "4"], ["evicted", "1"], ["expired", "1"], ["logout", "1"], ["reused", "1"]],
    );
    const lengthOf = (reason: string) =>
      rows.find((row) => row["ended_by"] === reason)?.["average"];
    assert.match(String(lengthOf("logout")), /^01:00:0\d$/);
    assert.match(String(lengthOf("reused")), /^02:00:0\d$/);
    assert.equal(lengthOf("expired"), "00:00:00", "nobody used it while it waited to expire");
  },
  refresh_frequency(rows) {
    assert.equal(rows.reduce((sum, row) => sum + Number(row["refreshes"]), 0), 6);
    assert.ok(rows.every((row) => Number(row["refreshes_per_session"]) >= 1));
  },
  saved_sessions(rows) {
    const total = (column: string) => rows.reduce((sum, row) => sum + Number(row[column]), 0);
    assert.deepEqual([total("replays"), total("reissues")], [1, 1]);
  },
  sessions_per_user(rows) {
    assert.deepEqual(
      rows.map((row) => [row["user"], row["sessions"]]),
      [["mary@example.com", "5"], ["ada@example.com", "2"], ["linus@example.com", "1"]],
    );
  },
  dead_tokens_in_use(rows, { sessions }) {
    assert.deepEqual(
      rows.map((row) => [row["session_id"], row["ended_by"], row["used_by"]]),
      [[sessions.expired, "expired", THIEF], [sessions.loggedOut, "logout", THIEF]],
    );
    assert.deepEqual(rows.map((row) => row["session_user_agent"]), [FIREFOX, CHROME]);
    assert.match(
      String(rows[0]?.["after_end"]),
      /^1 day( 00:00:0\d)?$/,
      "30 days after the sign-in",
    );
  },
  key_compromise(rows, { sessions }) {
    assert.deepEqual(
      rows.map((row) => [row["session_id"], row["user"], row["user_agent"]]),
      [[sessions.forged, "linus@example.com", THIEF]],
    );
  },
};

Deno.test("every audit finds what it looks for, and nothing of a project where it never happened", async (test) => {
  await using server = await openTestServer();
  await using fixture = await makeAuditFixture(server);
  await using quiet = await server.createDatabase();
  const quietSql = quiet.connect({ max: 1 });

  for (const audit of await readAudits()) {
    await test.step(audit.name, async () => {
      const expectation = EXPECTATIONS[audit.name];
      assert.ok(expectation, `tests/behaviour/audits expects nothing of ${audit.name}`);
      const table = await runAudit(fixture.sql, audit);
      assert.deepEqual(table.columns, Object.keys(table.rows[0] ?? {}));
      expectation(table.rows, fixture);

      const nothing = await runAudit(quietSql, audit);
      assert.deepEqual(
        nothing.rows,
        audit.name === "restorable" ? [{ count: "0" }] : QUIET[audit.name] ?? [],
      );
    });
  }
});

/** A total over nothing is still a line. */
const QUIET: Readonly<Record<string, readonly Row[]>> = {
  session_length: [{ ended_by: "all", sessions: "0", average: null, median: null, longest: null }],
};

Deno.test("a ban that comes after a session has expired did not end it", async () => {
  await using server = await openTestServer();
  await using database = await server.createDatabase();
  const sql = database.connect({ max: 1 });
  const id = await createSession(database.connectAs("service_role", { max: 1 }));
  await ageSession(sql, id, 40 * 24 * 3600);
  await sql`
    update auth.users set banned_until = now() + interval '1 day'
    where id = (select s.user_id from public.sessions as s where s.id = ${id})`;
  const [ended] = await sql`
    select e.reason, e.length::text, e.ended_at < now() - interval '9 days' as ended_then
    from unified_auth.ended_sessions as e
    where e.id = ${id}`;
  assert.deepEqual({ ...ended }, { reason: "expired", length: "00:00:00", ended_then: true });
});

Deno.test("an audit cannot write", async () => {
  await using server = await openTestServer();
  await using database = await server.createDatabase();
  await assert.rejects(
    runAudit(database.connect({ max: 1 }), {
      name: "bad",
      title: "Bad",
      question: "Does it write?",
      statement: "delete from public.sessions where true",
    }),
    { code: "25006" }, // read_only_sql_transaction
  );
});

Deno.test("the API's roles may not read the audit views", async () => {
  await using server = await openTestServer();
  await using database = await server.createDatabase();
  for (const role of ["anon", "authenticated", "service_role"]) {
    const sql = database.connectAs(role, { max: 1 });
    for (const view of ["live_sessions", "refresh_attempts", "ended_sessions"]) {
      await assert.rejects(sql.unsafe(`select * from unified_auth.${view}`), { code: "42501" });
    }
  }
});
