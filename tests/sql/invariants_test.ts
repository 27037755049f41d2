import assert from "node:assert/strict";
import { ageSession } from "../http/aging.ts";
import { openSqlFixture } from "./sql_fixture.ts";

/** What may never be true of a session, and the constraint that says so. */
const VIOLATIONS = [
  [
    "generation = 0, previous_refresh_token_hash = refresh_token_hash, previous_branch = 0",
    "sessions_generation_starts_at_one",
  ],
  ["branch = 256", "sessions_branch_fits_one_byte"],
  ["refresh_token_hash = '\\x00'", "sessions_refresh_token_hash_is_sha256"],
  ["issued_to = '\\x00'", "sessions_issued_to_is_sha256"],
  ["generation = 2", "sessions_first_generation_has_no_predecessor"],
  [
    "superseded_refresh_token_hash = refresh_token_hash",
    "sessions_only_a_branch_supersedes",
  ],
  ["successor_key_id = 'k'", "sessions_salt_names_its_key"],
  [
    "successor_salt = '\\x00112233445566778899aabbccddeeff', successor_key_id = 'k'",
    "sessions_salt_goes_with_confirmation",
  ],
  ["is_valid = false", "sessions_valid_until_revoked"],
  ["is_valid = false, revoked_at = now()", "sessions_revocation_has_reason"],
  ["aal = 'aal9'", "sessions_aal_is_known"],
  ["amr = '{}'", "sessions_amr_is_a_list"],
] as const;

Deno.test("what may never be true of a session is refused by a constraint", async () => {
  await using fixture = await openSqlFixture();
  const { sessionId } = await fixture.sessions.signIn(fixture.userId);
  for (const [change, constraint] of VIOLATIONS) {
    await assert.rejects(
      fixture.admin.unsafe(`update public.sessions set ${change} where id = '${sessionId}'`),
      { code: "23514", constraint_name: constraint },
      change,
    );
  }
});

Deno.test("a validate writes nothing but activity, every quarter of an hour", async () => {
  await using fixture = await openSqlFixture();
  const { sessions, admin } = fixture;
  const token = await sessions.signIn(fixture.userId);
  const version = async () => {
    const [row] = await admin<{ version: string }[]>`
      select s.xmin::text || s.ctid::text as version
      from public.sessions as s
      where s.id = ${token.sessionId}
    `;
    return row?.version;
  };

  const before = await version();
  for (let time = 0; time < 5; time++) await sessions.validate(token);
  assert.equal(await version(), before);
  await ageSession(admin, token.sessionId, 800);
  const young = await version();
  await sessions.validate(token);
  assert.equal(await version(), young, "no write at the pace at which a visible page asks");

  await ageSession(admin, token.sessionId, 101);
  const aged = await version();
  await sessions.validate(token);
  assert.notEqual(await version(), aged, "activity is written after a quarter of an hour");
  const written = await version();
  await sessions.validate(token);
  assert.equal(await version(), written);
});

Deno.test("a generation is confirmed once, after the window", async () => {
  await using fixture = await openSqlFixture();
  const { sessions, admin } = fixture;
  const first = await sessions.signIn(fixture.userId);
  await ageSession(admin, first.sessionId, 3600);
  const { held } = await sessions.rotate(first);
  assert.ok(held);
  const confirmed = async () => {
    const [row] = await admin<{ confirmed: Date | null }[]>`
      select s.confirmed_at as confirmed from public.sessions as s where s.id = ${first.sessionId}
    `;
    return row?.confirmed?.getTime() ?? null;
  };

  await ageSession(admin, first.sessionId, 59);
  await sessions.validate(held);
  assert.equal(await confirmed(), null, "within the window a browser may still lose the cookie");
  await ageSession(admin, first.sessionId, 2);
  await sessions.validate(held, { mayConfirm: false });
  assert.equal(await confirmed(), null, "a torn pair of cookies proves nothing");
  await sessions.validate(held);
  const at = await confirmed();
  assert.notEqual(at, null);
  await sessions.validate(held);
  assert.equal(await confirmed(), at);
});

Deno.test("an event is written in the transaction of its change", async () => {
  await using fixture = await openSqlFixture();
  const { sessions, service, admin } = fixture;
  const token = await sessions.signIn(fixture.userId);
  await ageSession(admin, token.sessionId, 3600);
  await service`begin`;
  assert.equal((await sessions.rotate(token)).answer.outcome, "rotated");
  await service`rollback`;
  const events = await admin<{ event: string }[]>`
    select e.event from public.session_events as e where e.session_id = ${token.sessionId}
  `;
  assert.deepEqual(events.map(({ event }) => event), ["login"]);
});
