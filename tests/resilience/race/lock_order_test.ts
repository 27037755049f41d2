/**
 * Transactions that take more than one session of a user, each led to the point at which it waits for
 * the other. A deadlock would refuse one of them (40P01); waiting in turn refuses nobody.
 *
 * @module
 */

import assert from "node:assert/strict";
import { insertPerson } from "../../harness/people.ts";
import type postgres from "postgres";
import type { GenuineRefreshToken } from "../../../supabase/functions/_shared/tokens/refresh_token.ts";
import type { EndedSessions } from "../../../supabase/functions/_shared/store/session_store.ts";
import { untilWaiting } from "../fault/lock_waits.ts";
import { openSqlFixture, type SqlFixture } from "../../behaviour/sql/sql_fixture.ts";
import { contextOf, countLive, openSqlSessions } from "../../behaviour/sql/sql_sessions.ts";

interface UserChange {
  readonly make: (sql: postgres.Sql, userId: string) => postgres.PendingQuery<postgres.Row[]>;
  /** In which order it takes the user's sessions. */
  readonly order: "id" | "created_at";
}

const USER_CHANGES: Readonly<Record<string, UserChange>> = {
  "ban": {
    make: (sql, userId) =>
      sql`update auth.users set banned_until = 'infinity' where id = ${userId}`,
    order: "id",
  },
  "password change": {
    make: (sql, userId) => sql`update auth.users set encrypted_password = 'x' where id = ${userId}`,
    order: "id",
  },
  "deletion": {
    make: (sql, userId) => sql`delete from auth.users where id = ${userId}`,
    order: "created_at",
  },
};

for (const [name, { make, order }] of Object.entries(USER_CHANGES)) {
  for (const scope of ["global", "others"] as const) {
    Deno.test(`a logout of scope ${scope} against a ${name} waits for its turn`, async () => {
      await using fixture = await openSqlFixture();
      const { admin, sessions, database, userId } = fixture;
      // A first password would spare the session in use: this one is changed.
      await admin`update auth.users set encrypted_password = 'before' where id = ${userId}`;
      const tokens = await signInFiveTimes(fixture, order);
      const [, held, , , acting] = tokens;
      assert.ok(held && acting);
      const changing = database.connectAs("supabase_auth_admin", { max: 1 });

      const holding = database.connect({ max: 1 });
      let both: Promise<readonly [unknown, EndedSessions]> | undefined;
      await holding.begin(async (tx) => {
        await tx`select 1 from public.sessions where id = ${held.sessionId} for update`;
        // Takes the first session and waits for the second.
        const changed = make(changing, userId).execute();
        await untilWaiting(admin, 1);
        const proof = { kind: "refresh_token", proof: null, presented: acting } as const;
        both = Promise.all([
          changed,
          sessions.store.logOutEverywhere({ proof, scope }, contextOf()),
        ]);
        await untilWaiting(admin, 2);
      });

      assert.deepEqual((await both)?.[1], { outcome: "already_ended", ended: 0 });
      assert.equal(await countLive(admin, userId), 0);
    });
  }
}

Deno.test("two browsers that swap their users, each of whom is full, both sign in", async () => {
  await using fixture = await openSqlFixture();
  const { admin, database, userId } = fixture;
  const otherUserId = await insertPerson(admin);
  const [evictedOfOne] = await signInFiveTimes(fixture, "created_at");
  const [evictedOfOther] = await signInFiveTimes({ ...fixture, userId: otherUserId }, "created_at");
  assert.ok(evictedOfOne && evictedOfOther);
  const one = openSqlSessions(database.connectAs("service_role", { max: 1 }));
  const other = openSqlSessions(database.connectAs("service_role", { max: 1 }));

  const holding = database.connect({ max: 1 });
  let signIns: ReturnType<typeof one.create>[] = [];
  await holding.begin(async (tx) => {
    // Lets each of them lock the session that its browser held, and end none yet.
    await tx`lock table public.sessions in share mode`;
    signIns = [
      one.create(userId, { presented: evictedOfOther }),
      other.create(otherUserId, { presented: evictedOfOne }),
    ];
    await untilWaiting(admin, 2);
  });
  for (const { answer } of await Promise.all(signIns)) assert.equal(answer.outcome, "created");
});

Deno.test("validates that share a transaction hold what they wrote and wait for nobody", async () => {
  await using fixture = await openSqlFixture();
  const { admin, sessions, database, userId } = fixture;
  const [active, forked] = [await sessions.signIn(userId), await sessions.signIn(userId)];
  await admin`update public.sessions set last_active_at = created_at - interval '1 day'`;
  await admin`update public.sessions set branch = 2 where id = ${forked.sessionId}`;

  const holding = database.connect({ max: 1 });
  const sharing = database.connectAs("service_role", { max: 1 });
  const shared = openSqlSessions(sharing);
  let banned: Promise<unknown> | undefined;
  await holding.begin(async (held) => {
    await held`select 1 from public.sessions where id = ${forked.sessionId} for update`;
    await sharing`begin`;
    assert.equal((await shared.validate(active)).outcome, "active");
    banned = USER_CHANGES["ban"]?.make(admin, userId).execute();
    await untilWaiting(database.connect({ max: 1 }), 1);
    await sharing`set local statement_timeout = '1s'`; // a call that waits fails of this
    // The access token of a branch that two others have replaced: the refresh decides, later.
    assert.equal((await shared.validate(forked)).outcome, "stale");
    assert.equal((await shared.validate({ ...forked, branch: 2 })).outcome, "active");
    await sharing`commit`;
  });
  await banned;
  assert.equal(await countLive(admin, userId), 0);
});

/** Their tokens in the given order of their rows. The last of them is the acting session's. */
async function signInFiveTimes(
  { sessions, admin, userId }: Pick<SqlFixture, "sessions" | "admin" | "userId">,
  order: UserChange["order"],
): Promise<readonly GenuineRefreshToken[]> {
  const tokens = new Map<string, GenuineRefreshToken>();
  for (let count = 0; count < 5; count += 1) {
    const token = await sessions.signIn(userId);
    tokens.set(token.sessionId, token);
  }
  const rows = await admin<{ id: string }[]>`
    select s.id from public.sessions as s where s.user_id = ${userId} order by ${admin(order)}`;
  return rows.flatMap(({ id }) => tokens.get(id) ?? []);
}
