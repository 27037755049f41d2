import assert from "node:assert/strict";
import { testStore } from "../../../local/testing/test_server.ts";
import { ageSession } from "../../../local/testing/aging.ts";
import { codeOf } from "../../behaviour/http/browser.ts";
import { type HttpFixture, openHttpFixture } from "../../behaviour/http/fixture.ts";

/** As Supabase does when a disk is full; what is connected is connected anew. */
async function setReadOnly({ stack }: HttpFixture, isReadOnly: boolean): Promise<void> {
  const admin = stack.database.connectAs("supabase_admin", { max: 1 });
  await admin`set default_transaction_read_only = off`;
  await admin.unsafe(
    `alter database ${stack.database.name} ` +
      (isReadOnly
        ? "set default_transaction_read_only = on"
        : "reset default_transaction_read_only"),
  );
  await admin`
    select pg_terminate_backend(a.pid) from pg_stat_activity as a
    where a.datname = current_database() and a.pid <> pg_backend_pid()
      and a.application_name in ('unified-auth', 'postgrest', 'gotrue')`;
  await admin.end();
}

/** The first call may fail: a connection that was ended under way is reported once. */
async function health({ stack }: HttpFixture): Promise<[number, unknown]> {
  for (let tries = 0;; tries += 1) {
    const answer = await fetch(`${stack.functionsUrl}/unified-auth/health`);
    const body = await answer.json();
    if (answer.status === 200 || body.database !== undefined || tries === 20) {
      return [answer.status, body.database];
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

Deno.test("with a read-only database a live session stays valid, nothing is written, and a monitor sees it", async () => {
  const fixture = await openHttpFixture();
  try {
    assert.deepEqual(await health(fixture), [200, "ready"]);
    const fresh = await fixture.signIn();
    const idle = await fixture.signIn();
    await ageSession(fixture.sql, idle.sessionId, 1_200); // a validate would note its activity
    const ended = await fixture.signIn();
    const copy = ended.browser.copy();
    await ended.browser.logout();

    await setReadOnly(fixture, true);
    try {
      assert.deepEqual(await health(fixture), [503, "read-only"]);
      const before = await fixture.sql`select max(id) as id from public.session_events`;
      for (const { browser, sessionId } of [fresh, idle]) {
        const row = await fixture.readSession(sessionId);
        for (const path of ["/unified-auth/validate", "/validate-session"]) {
          const answer = await browser.call(path);
          assert.equal(answer.status, 200, `${path}: ${codeOf(answer)}`);
          assert.deepEqual(answer.setCookies, []);
        }
        assert.deepEqual(await fixture.readSession(sessionId), row);
      }
      const refused = await copy.validate();
      assert.deepEqual([refused.status, codeOf(refused)], [401, "session_revoked"]);
      assert.deepEqual(await fixture.sql`select max(id) as id from public.session_events`, before);
      if (testStore() === "postgres") { // through the data API a refresh is written
        const refresh = await fresh.browser.refresh();
        assert.equal(refresh.status, 503);
        assert.deepEqual(refresh.setCookies, []);
      }
    } finally {
      await setReadOnly(fixture, false);
    }
    assert.deepEqual(await health(fixture), [200, "ready"]);
    assert.equal((await fresh.browser.refresh()).status, 200);
    assert.equal((await idle.browser.validate()).status, 200);
  } finally {
    await fixture.close();
  }
});
