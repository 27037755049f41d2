import assert from "node:assert/strict";
import { testStore } from "../../../local/testing/test_server.ts";
import { openHttpFixture } from "../../behaviour/http/fixture.ts";

/** Shorter than a migration's lock, and long enough for calls to pile up: each lasts 5 s at most. */
const LOCKED_MS = 12_000;

/** Connections of one process of the functions, or of the data API's pool. */
const POOL_SIZE = { postgres: 4 + 2, "data-api": 10 }[testStore()];

Deno.test("while auth.users is locked no more connections wait than the pool has, and nobody is signed out", async () => {
  const fixture = await openHttpFixture({ functions: ["unified-auth"] });
  try {
    const people = await Promise.all(Array.from({ length: 14 }, () => fixture.signIn()));
    const admin = fixture.stack.database.connectAs("supabase_admin", { max: 1 });
    const untilMs = performance.now() + LOCKED_MS;
    const statuses = new Set<number>();

    await admin.begin(async (holder) => {
      await holder`lock table auth.users in access exclusive mode`;
      const browsing = people.map(async ({ browser }, index) => {
        while (performance.now() < untilMs) {
          const { status, setCookies } = index % 2 === 0
            ? await browser.validate()
            : await browser.call("/unified-auth/sessions", { method: "GET" });
          statuses.add(status);
          assert.deepEqual(setCookies, []);
        }
      });
      let most = 0;
      while (performance.now() < untilMs) {
        const [row] = await fixture.sql<{ waiting: number }[]>`
          select count(*)::int as waiting
          from pg_stat_activity as a
          where a.datname = current_database() and a.wait_event_type = 'Lock'`;
        most = Math.max(most, row?.waiting ?? 0);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      assert.ok(most > 0, "nobody waited");
      assert.ok(most <= POOL_SIZE, `${most} connections waited`);
      await Promise.all(browsing);
    });
    assert.deepEqual([...statuses], [503]);
    for (const { browser } of people) assert.equal((await browser.validate()).status, 200);
  } finally {
    await fixture.close();
  }
});

Deno.test("an app's own request waits for a connection no longer than one of ours may wait for a lock", async () => {
  const fixture = await openHttpFixture({
    functions: ["unified-auth"],
    environment: { SESSION_STORE: "data-api" },
  });
  try {
    const people = await Promise.all(Array.from({ length: 14 }, () => fixture.signIn()));
    await fixture.sql.unsafe(`
      create function public.of_the_app() returns int language sql as 'select 1';
      grant execute on function public.of_the_app to service_role`);
    const admin = fixture.stack.database.connectAs("supabase_admin", { max: 1 });
    await admin.begin(async (holder) => {
      await holder`lock table auth.users in access exclusive mode`;
      const validations = people.map(({ browser }) => browser.validate());
      await new Promise((resolve) => setTimeout(resolve, 300));
      const startedAtMs = performance.now();
      const { baseUrl, keys } = fixture.stack;
      const answer = await fetch(`${baseUrl}/rest/v1/rpc/of_the_app`, {
        method: "POST",
        headers: { apikey: keys.secret, "content-type": "application/json" },
        body: "{}",
      });
      await answer.body?.cancel();
      assert.equal(answer.status, 200);
      const waitedMs = performance.now() - startedAtMs;
      assert.ok(waitedMs < 4_500, `${waitedMs} ms`); // two turns of the pool
      await Promise.all(validations);
    });
  } finally {
    await fixture.close();
  }
});

Deno.test("a new password waits for a session that is held, and is refused as a whole before Supabase Auth gives up", async () => {
  const fixture = await openHttpFixture({ functions: ["unified-auth"] });
  try {
    const { person, sessionId, browser } = await fixture.signIn();
    const { baseUrl, keys } = fixture.stack;
    const changePassword = async () => {
      const answer = await fetch(`${baseUrl}/auth/v1/admin/users/${person.id}`, {
        method: "PUT",
        headers: {
          apikey: keys.secret,
          authorization: `Bearer ${keys.secret}`,
          "content-type": "application/json",
        },
        body: JSON.stringify({ password: "another password" }),
      });
      await answer.body?.cancel();
      return answer.status;
    };
    const hash = async () => {
      const [row] = await fixture.sql`
        select u.encrypted_password as hash from auth.users as u where u.id = ${person.id}`;
      return row?.["hash"];
    };
    const before = await hash();
    const holder = fixture.stack.database.connectAs("supabase_admin", { max: 1 });
    await holder.begin(async (tx) => {
      await tx`select from public.sessions as s where s.id = ${sessionId} for update`;
      const startedAtMs = performance.now();
      assert.equal(await changePassword(), 500);
      assert.ok(performance.now() - startedAtMs < 8_000);
      assert.equal(await hash(), before);
    });
    assert.equal((await browser.validate()).status, 200);
    assert.equal(await changePassword(), 200);
    assert.equal((await browser.validate()).status, 401);
  } finally {
    await fixture.close();
  }
});
