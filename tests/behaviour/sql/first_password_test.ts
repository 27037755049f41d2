import assert from "node:assert/strict";
import { ageSession } from "../../../local/testing/aging.ts";
import { openSqlFixture, type SqlFixture } from "./sql_fixture.ts";

async function setPassword({ admin, userId }: SqlFixture, hash: string | null): Promise<void> {
  await admin`update auth.users as u set encrypted_password = ${hash} where u.id = ${userId}`;
}

/** A user with this password, and three sessions: of a week ago, of an hour ago, and in use. */
async function openSessions(fixture: SqlFixture, hash: string | null) {
  await setPassword(fixture, hash);
  const { sessions, admin, userId } = fixture;
  const [week, hour, inUse] = [
    await sessions.signIn(userId),
    await sessions.signIn(userId),
    await sessions.signIn(userId),
  ];
  await ageSession(admin, week.sessionId, 7 * 86_400);
  await ageSession(admin, hour.sessionId, 3_600);
  return async () => {
    const rows = await admin<{ id: string; reason: string | null }[]>`
      select s.id, s.revoked_reason as reason from public.sessions as s`;
    return [week, hour, inUse].map(({ sessionId }) =>
      rows.find(({ id }) => id === sessionId)?.reason ?? "live"
    );
  };
}

const OTHERS = ["password_changed", "password_changed", "live"];
const ALL = ["password_changed", "password_changed", "password_changed"];

for (
  const [what, before, after, expected] of [
    ["the first password of a user who had none", null, "hash", OTHERS],
    ["the first password of a user whose hash was empty", "", "hash", OTHERS],
    ["a password that is taken away", "hash", null, OTHERS],
    ["another password", "hash", "another", ALL],
    ["an empty hash for none", null, "", ["live", "live", "live"]],
  ] as const
) {
  Deno.test(`${what} ends ${expected === ALL ? "every session" : expected === OTHERS ? "the sessions that are not in use" : "nothing"}`, async () => {
    await using fixture = await openSqlFixture();
    const states = await openSessions(fixture, before);
    await setPassword(fixture, after);
    assert.deepEqual(await states(), expected);
  });
}

Deno.test("a ban and a deletion end the session in use too, whatever happens to the password with them", async () => {
  for (const change of ["banned_until = now() + interval '1 day'", "deleted_at = now()"]) {
    await using fixture = await openSqlFixture();
    const states = await openSessions(fixture, "hash");
    await fixture.admin.unsafe(
      `update auth.users set ${change}, encrypted_password = null where id = $1`,
      [fixture.userId],
    );
    assert.ok(!(await states()).includes("live"), change);
  }
});

const encrypted = (keyId: string, data: string) =>
  `{"key_id":"${keyId}","alg":"aes-gcm-hkdf","data":"${data}"}`;

for (
  const [what, before, after, isAnother] of [
    ["another hash", "hash", "another", true],
    ["another hash, encrypted with the same key", encrypted("a", "x"), encrypted("a", "y"), true],
    ["no hash any more", "hash", null, true],
    ["a first hash", null, "hash", false],
    ["the hash that is encrypted from now on", "hash", encrypted("a", "x"), false],
    [
      "the hash that is encrypted with another key",
      encrypted("a", "x"),
      encrypted("b", "y"),
      false,
    ],
  ] as const
) {
  Deno.test(`${what} ${isAnother ? "refuses the logins that knew the old one" : "refuses no login"}`, async () => {
    await using fixture = await openSqlFixture();
    const { admin, userId } = fixture;
    const ofLongAgo = crypto.randomUUID();
    await admin`
      insert into unified_auth.changed_passwords
      values (${ofLongAgo}, now() - interval '11 minutes')`;
    await setPassword(fixture, before);
    const empty =
      await admin`select 1 from unified_auth.changed_passwords where user_id = ${userId}`;
    await setPassword(fixture, after);
    const rows = await admin<{ user: string }[]>`
      select c.user_id as user from unified_auth.changed_passwords as c
      where c.user_id in (${userId}, ${ofLongAgo})`; // there are people whose passwords were set before
    assert.deepEqual([...empty], []);
    assert.equal(rows.some(({ user }) => user === userId), isAnother);
    if (isAnother) assert.equal(rows.length, 1, "one that is old is forgotten");
  });
}
