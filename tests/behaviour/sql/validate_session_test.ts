import assert from "node:assert/strict";
import type { TokenPlace } from "../../../supabase/functions/_shared/tokens/token_place.ts";
import { ageSession } from "../../../local/testing/aging.ts";
import { openSqlFixture } from "./sql_fixture.ts";
import { keyNamed, POLICY_ARGUMENT, type SignInOptions } from "./sql_sessions.ts";

const HOUR = 3600;
const KEY = keyNamed("own");

/** A session that was rotated once, a moment ago. */
async function openRotated(options: SignInOptions = {}) {
  const fixture = await openSqlFixture();
  const { sessions, admin, userId } = fixture;
  const first = await sessions.signIn(userId, options);
  const age = (seconds: number) => ageSession(admin, first.sessionId, seconds);
  await age(HOUR);
  const { held } = await sessions.rotate(first, { key: options.key });
  assert.ok(held);
  return {
    ...fixture,
    first,
    held,
    age,
    outcome: async (place: TokenPlace) => (await sessions.validate(place)).outcome,
    /** Changes whenever the row is written. */
    async version() {
      const [row] = await admin<{ version: string }[]>`
        select s.xmin::text || s.ctid::text as version
        from public.sessions as s
        where s.id = ${first.sessionId}`;
      return row?.version;
    },
    async confirmedAt() {
      const [row] = await admin<{ confirmed: Date | null }[]>`
        select s.confirmed_at as confirmed from public.sessions as s where s.id = ${first.sessionId}`;
      return row?.confirmed?.getTime() ?? null;
    },
    /** Two branches: the one that `held` is of, superseded, and another. */
    async fork() {
      await age(61);
      const { answer, held: newer } = await sessions.rotate(first);
      assert.equal(answer.outcome, "reissued");
      assert.ok(newer);
      return newer;
    },
    [Symbol.asyncDispose]: fixture[Symbol.asyncDispose],
  };
}

Deno.test("a validate writes nothing but activity, every quarter of an hour", async () => {
  await using session = await openRotated({ key: KEY });
  const { held, version, outcome } = session;
  const before = await version();
  for (let time = 0; time < 5; time++) await outcome(held);
  assert.equal(await version(), before);
  await session.age(800);
  const young = await version();
  await outcome(held);
  assert.equal(await version(), young, "no write at the pace of a visible page");

  await session.age(101);
  const aged = await version();
  await outcome(held);
  assert.notEqual(await version(), aged, "activity is written after a quarter of an hour");
  const written = await version();
  await outcome(held);
  assert.equal(await version(), written);
});

Deno.test("a generation is confirmed once, after the reuse interval", async () => {
  await using session = await openRotated();
  const { sessions, held, confirmedAt } = session;
  await session.age(59);
  await sessions.validate(held);
  assert.equal(await confirmedAt(), null, "within it a browser may still lose the cookie");
  await session.age(2);
  await sessions.validate(held, { mayConfirm: false });
  assert.equal(await confirmedAt(), null, "a mismatched pair of cookies proves nothing");
  await sessions.validate(session.first);
  assert.equal(await confirmedAt(), null, "the predecessor's access token says nothing of it");
  await sessions.validate(held);
  const at = await confirmedAt();
  assert.notEqual(at, null);
  await sessions.validate(held);
  assert.equal(await confirmedAt(), at);
});

Deno.test("confirmation counts from the last time that the token was handed out", async () => {
  await using session = await openRotated();
  const { sessions, first, held, confirmedAt } = session;
  await session.age(50);
  assert.equal((await sessions.rotate(first)).answer.outcome, "replayed");
  await session.age(18);
  await sessions.validate(held);
  assert.equal(await confirmedAt(), null, "a double of the retry may still be on its way");
  assert.equal((await sessions.rotate(first)).answer.outcome, "reissued");
});

Deno.test("a session with a key is never confirmed, and saves that write", async () => {
  await using session = await openRotated({ key: KEY });
  await session.age(300);
  const before = await session.version();
  assert.equal(await session.outcome(session.held), "active");
  assert.equal(await session.version(), before);
  assert.equal(await session.confirmedAt(), null);
});

Deno.test("a validate ends no session: two branches in use make the older one's token stale", async () => {
  await using session = await openRotated();
  const { held: older, outcome, sessions } = session;
  const newer = await session.fork();
  assert.equal(await outcome(older), "active", "nobody has used the newer one yet");
  await session.age(61);
  assert.equal(await outcome(newer), "active");
  const before = await session.version();
  assert.equal(await outcome(older), "stale");
  assert.equal(await session.version(), before, "and writes nothing");
  assert.equal(await outcome(newer), "active");
  assert.equal((await sessions.rotate(older)).answer.outcome, "reused", "a refresh decides");
});

Deno.test("an access token of a branch that lost is stale, one of its predecessor is not", async () => {
  await using session = await openRotated();
  const { first, held: older, outcome, sessions } = session;
  const newer = await session.fork();
  assert.equal((await sessions.rotate(older)).answer.outcome, "rotated");
  assert.equal(await outcome(newer), "stale");
  assert.equal(await outcome(older), "active");
  assert.equal(await outcome(first), "active", "too old to belong to a branch");
});

Deno.test("a validate waits for no lock", async () => {
  await using session = await openRotated();
  const { database, held, first } = session;
  await session.age(HOUR); // both writes are due
  const blocker = database.connectAs("supabase_admin", { max: 1 });
  await blocker`begin`;
  await blocker`select 1 from public.sessions where id = ${first.sessionId} for update`;
  await session.service`set lock_timeout = '100ms'`;
  assert.equal(await session.outcome(held), "active");
  assert.equal(await session.outcome({ ...held, branch: 1 }), "active");
  assert.equal(await session.outcome({ ...held, generation: 1, branch: 3 }), "stale");
  await blocker`rollback`;
});

Deno.test("many validates in one call are each answered under their number, and wait for no lock", async () => {
  await using session = await openRotated();
  const { database, held, first, service } = session;
  await session.age(HOUR); // both writes are due
  const blocker = database.connectAs("supabase_admin", { max: 1 });
  await blocker`begin`;
  await blocker`select 1 from public.sessions where id = ${first.sessionId} for update`;
  await service`set lock_timeout = '100ms'`;
  const validations = [
    { number: 7, session_id: held.sessionId, generation: 2, branch: 0 },
    { number: 3, session_id: crypto.randomUUID(), generation: 1, branch: 0 },
    { number: 5, session_id: held.sessionId, generation: 1, branch: 3 },
  ];
  const [row] = await service<{ answers: readonly NumberedAnswer[] }[]>`
    select public.unified_auth_validate_sessions(
      array(
        select jsonb_populate_recordset(
          null::public.unified_auth_validation, ${service.json(validations)})
      ),
      jsonb_populate_record(null::public.session_policy, ${service.json(POLICY_ARGUMENT)})
    ) as answers`;
  assert.deepEqual(
    row?.answers.map(({ number, answer }) => [number, answer.outcome, answer.session?.session_id]),
    [[7, "active", held.sessionId], [3, "not_found", undefined], [5, "stale", undefined]],
  );
  await blocker`rollback`;
});

interface NumberedAnswer {
  readonly number: number;
  readonly answer: {
    readonly outcome: string;
    readonly session: { readonly session_id: string } | null;
  };
}

Deno.test("a validate is answered while somebody makes an index, and leaves out what it would have noted", async () => {
  await using session = await openRotated();
  const { database, held, version, confirmedAt } = session;
  await session.age(HOUR); // both writes are due
  await session.service`set lock_timeout = '100ms'`;
  const before = await version();
  const blocker = database.connectAs("supabase_admin", { max: 1 });
  for (const mode of ["share", "share row exclusive", "exclusive"]) {
    await blocker`begin`;
    await blocker.unsafe(`lock table public.sessions in ${mode} mode`);
    assert.equal(await session.outcome(held), "active", mode);
    await blocker`rollback`;
  }
  assert.equal(await version(), before);
  assert.equal(await session.outcome(held), "active");
  assert.ok(await confirmedAt(), "the next one notes it");
});

Deno.test("a session is answered with its user as the database knows them", async () => {
  await using fixture = await openSqlFixture();
  const { sessions, admin, userId } = fixture;
  const token = await sessions.signIn(userId, { key: KEY });
  const answered = async () => {
    const answer = await sessions.validate(token);
    assert.equal(answer.outcome, "active");
    const { phone, role, isAnonymous, appMetadata, userMetadata, keyThumbprint } = answer.session;
    return { phone, role, isAnonymous, appMetadata, userMetadata, keyThumbprint };
  };
  const plain = {
    phone: null,
    role: "authenticated",
    isAnonymous: false,
    appMetadata: {},
    userMetadata: {},
    keyThumbprint: KEY,
  };
  await admin`
    update auth.users set raw_app_meta_data = null, raw_user_meta_data = null where id = ${userId}`;
  assert.deepEqual(await answered(), plain);
  await admin`
    update auth.users
    set
      phone = '15550100', role = 'limited', is_anonymous = true,
      raw_app_meta_data = '{"roles": ["a", "b"]}', raw_user_meta_data = '{"name": "Ada"}'
    where id = ${userId}`;
  assert.deepEqual(await answered(), {
    phone: "15550100",
    role: "limited",
    isAnonymous: true,
    appMetadata: { roles: ["a", "b"] },
    userMetadata: { name: "Ada" },
    keyThumbprint: KEY,
  });
  await admin`update auth.users set role = null where id = ${userId}`;
  assert.equal((await answered()).role, null);
});
