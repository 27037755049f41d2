import assert from "node:assert/strict";
import { SEED_USERS } from "../../../local/platform/seed_users.ts";
import { openTestServer } from "../../../local/testing/test_server.ts";
import { ageSession } from "../../../local/testing/aging.ts";
import {
  ACCESS_COOKIE,
  openBrowser,
  REFRESH_COOKIE,
  viewOf,
} from "../../behaviour/http/browser.ts";
import {
  newSessionSecret,
  sessionSecretOf,
  startInstanceWithSecrets,
} from "../../behaviour/http/instance_with_secrets.ts";
import { askUntilAnswered, assertEventOfEach } from "../fault/crowd.ts";
import { openSqlFixture } from "../../behaviour/sql/sql_fixture.ts";
import { countLive, keyNamed, openSqlSessions } from "../../behaviour/sql/sql_sessions.ts";

const HUNDRED = Array.from({ length: 100 }, (_, index) => index);

Deno.test("a hundred refreshes of one token, over two processes, are one rotation", async () => {
  await using server = await openTestServer();
  await using stack = await server.startStack({ instances: 2, functions: ["unified-auth"] });
  const sql = stack.database.connect({ max: 1 });
  const browser = openBrowser(stack);
  const { session } = await browser.login(SEED_USERS.ada);
  await ageSession(sql, session.id, 3_000);

  const tabs = HUNDRED.map(() => browser.copy());
  // A hundred wait for one row: a slow machine may say 503 to some, which try again.
  const asked = await Promise.all(tabs.map((tab) => askUntilAnswered(() => tab.refresh())));
  for (const { answer } of asked) assert.equal(viewOf(answer).session.generation, 2);
  assert.equal(new Set(tabs.map((tab) => tab.cookies.get(REFRESH_COOKIE))).size, 1);

  const usable = await Promise.all(tabs.map((tab) => {
    const alone = openBrowser(stack);
    alone.cookies.set(ACCESS_COOKIE, tab.cookies.get(ACCESS_COOKIE) ?? "");
    return alone.validate({ body: { refresh: "never" } });
  }));
  for (const answer of usable) assert.equal(viewOf(answer).refreshed, false);

  const events = (await sql<{ event: string }[]>`
    select e.event
    from public.session_events as e
    where e.session_id = ${session.id} and e.event <> 'login'
    order by e.event
  `).map(({ event }) => event);
  assertEventOfEach(events, asked);
  const [first, ...others] = events;
  assert.deepEqual([first, new Set(others)], ["refresh", new Set(["replay"])]);
});

Deno.test("a hundred sign-ins of one user leave exactly five sessions", async () => {
  await using fixture = await openSqlFixture();
  const connection = fixture.database.connectAs("service_role", { max: 20 });
  const { create } = openSqlSessions(connection);
  const made = await Promise.all(HUNDRED.map(() => create(fixture.userId)));
  assert.ok(made.every(({ answer }) => answer.outcome === "created"));
  const [count] = await fixture.admin<{ live: number; evicted: number }[]>`
    select
      count(*) filter (where s.is_valid)::integer as live,
      count(*) filter (where s.revoked_reason = 'evicted')::integer as evicted
    from public.sessions as s
    where s.user_id = ${fixture.userId}
  `;
  assert.deepEqual({ ...count }, { live: 5, evicted: 95 });
});

Deno.test("a refresh against a logout, a thousand times, never leaves a live session", async () => {
  await using fixture = await openSqlFixture();
  const { admin, userId } = fixture;
  const one = openSqlSessions(fixture.database.connectAs("service_role", { max: 1 }));
  const other = openSqlSessions(fixture.database.connectAs("service_role", { max: 1 }));
  const outcomes = new Set<string>();
  for (let turn = 0; turn < 1_000; turn++) {
    const token = await one.signIn(userId);
    // Its first key, so that the refresh rotates a token that is a moment old.
    const [{ answer }, signedOut] = await Promise.all([
      one.rotate(token, { key: keyNamed(`${turn}`) }),
      other.store.logOut(
        { kind: "refresh_token", presented: token, proof: null },
        context(turn),
      ),
    ]);
    outcomes.add(answer.outcome);
    assert.deepEqual(signedOut, { outcome: "ended", ended: 1 });
  }
  const [count] = await admin<{ live: number }[]>`
    select count(*)::integer as live from public.sessions as s where s.is_valid
  `;
  assert.equal(count?.live, 0);
  assert.deepEqual([...outcomes].toSorted(), ["revoked", "rotated"], "either came first at times");
});

Deno.test("a sign-in against signing out everywhere is ended by it or comes after it", async () => {
  await using fixture = await openSqlFixture();
  const { admin, userId } = fixture;
  const one = openSqlSessions(fixture.database.connectAs("service_role", { max: 1 }));
  const other = openSqlSessions(fixture.database.connectAs("service_role", { max: 1 }));
  for (let turn = 0; turn < 200; turn++) {
    const acting = await other.signIn(userId);
    const proof = { kind: "refresh_token", presented: acting, proof: null } as const;
    const [{ token }] = await Promise.all([
      one.create(userId),
      other.store.logOutEverywhere({ proof, scope: "global" }, context(turn)),
    ]);
    const live = await admin<{ id: string; after: boolean }[]>`
      select s.id, s.created_at > (
        select max(o.revoked_at)
        from public.sessions as o
        where o.user_id = ${userId} and o.revoked_reason = 'logout_global'
      ) as after
      from public.sessions as s
      where s.is_valid and s.user_id = ${userId}
    `;
    for (const session of live) {
      assert.equal(session.id, token.sessionId, "the acting session has ended");
      assert.ok(session.after, "a session from before the sign-out lives on");
    }
    await other.store.logOut(
      { kind: "refresh_token", presented: token, proof: null },
      context(turn),
    );
  }
});

Deno.test("a sign-in against a ban leaves no live session", async () => {
  await using fixture = await openSqlFixture();
  const { admin, userId } = fixture;
  const one = openSqlSessions(fixture.database.connectAs("service_role", { max: 1 }));
  const outcomes = new Set<string>();
  for (let turn = 0; turn < 200; turn++) {
    const [{ answer }] = await Promise.all([
      one.create(userId),
      admin`update auth.users as u set banned_until = 'infinity' where u.id = ${userId}`,
    ]);
    outcomes.add(answer.outcome);
    assert.equal(await countLive(admin, userId), 0);
    await admin`update auth.users as u set banned_until = null where u.id = ${userId}`;
  }
  assert.ok(outcomes.has("created") || outcomes.has("user_banned"));
});

Deno.test("a sign-in against a new password leaves no session of the old one", async () => {
  await using fixture = await openSqlFixture();
  const { admin, userId } = fixture;
  const one = openSqlSessions(fixture.database.connectAs("service_role", { max: 1 }));
  const provider = fixture.database.connectAs("supabase_auth_admin", { max: 1 });
  const outcomes = new Set<string>();
  for (let turn = 0; turn < 200; turn++) {
    const identitySessionId = crypto.randomUUID();
    await provider`insert into auth.sessions (id, user_id) values (${identitySessionId}, ${userId})`;
    const [{ answer }] = await Promise.all([
      one.create(userId, { identitySessionId }),
      provider.begin((change) => [
        change`update auth.users set encrypted_password = ${`${turn}`} where id = ${userId}`,
        change`delete from auth.sessions where user_id = ${userId}`,
      ]),
    ]);
    outcomes.add(answer.outcome);
    assert.equal(await countLive(admin, userId), 0);
  }
  assert.deepEqual([...outcomes].toSorted(), ["created", "user_not_found"], "either came first");
});

Deno.test("secrets that change while a hundred tabs refresh give one successor", async () => {
  await using server = await openTestServer();
  await using stack = await server.startStack({ functions: ["unified-auth"] });
  const secrets = [await newSessionSecret(), sessionSecretOf(stack)];
  await using deployed = await startInstanceWithSecrets(stack, secrets);
  const browser = openBrowser(stack);
  const { session } = await browser.login(SEED_USERS.ada);
  await ageSession(stack.database.connect({ max: 1 }), session.id, 3_000);

  const tabs = HUNDRED.map((index) =>
    browser.copy({ functionsUrl: index % 2 === 0 ? stack.functionsUrl : deployed.functionsUrl })
  );
  await Promise.all(tabs.map(async (tab) => {
    const answer = await tab.refresh();
    if (answer.status === 200) return;
    // An old instance cannot know the new secret, a busy one is too late: it proves nothing, and the next
    // instance answers.
    assert.deepEqual([answer.status, answer.setCookies], [503, []]);
    const retry = tab.copy({ functionsUrl: deployed.functionsUrl });
    viewOf((await askUntilAnswered(() => retry.refresh())).answer);
    tab.cookies.set(REFRESH_COOKIE, retry.refreshToken ?? "");
  }));
  assert.equal(new Set(tabs.map((tab) => tab.cookies.get(REFRESH_COOKIE))).size, 1);
});

function context(turn: number) {
  return {
    requestId: `turn ${turn}`,
    ip: null,
    userAgent: null,
  };
}
