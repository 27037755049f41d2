/**
 * Each store hands values to the database and back as they were: text, bytes, JSON and null.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { randomUUID } from "node:crypto";
import fc from "fast-check";
import type { SessionId } from "../../../supabase/functions/_shared/brands.ts";
import { contextOf, keyNamed } from "../sql/sql_sessions.ts";
import { newSession } from "./sign_in_scenarios.ts";
import { openStore, testEachStore } from "./store_fixture.ts";

/** Some of the characters that literals, composites and placeholders are written with. PostgreSQL keeps no NUL. */
const text = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 40 }),
  fc.string({ unit: fc.constantFrom(..."\"\\,(){}'$1 \n\r\t%é😀-"), maxLength: 40 }),
).filter((value) => !value.includes("\0"));

const orNull = <Value>(arbitrary: fc.Arbitrary<Value>) => fc.option(arbitrary, { nil: null });

const bytes = (length: number) =>
  fc.uint8Array({ minLength: length, maxLength: length }) as fc.Arbitrary<Uint8Array>;

const ip = orNull(fc.oneof(fc.ipV4(), fc.constantFrom("2001:db8::1", "::ffff:198.51.100.7")));

const json = fc.jsonValue({ stringUnit: "grapheme", maxDepth: 3 }).filter(isKept);
const object = fc.dictionary(text, json, { maxKeys: 5 }).filter(isKept);

/** Values that JSON cannot express, and that jsonb does not take. */
function isKept(value: unknown): boolean {
  const written = JSON.stringify(value);
  return !/\\u0000|\\ud[89a-f]|__proto__/.test(written) &&
    Object.is(JSON.stringify(JSON.parse(written)), written) && !hasNegativeZero(value);
}

function hasNegativeZero(value: unknown): boolean {
  if (typeof value === "object" && value !== null) {
    return Object.values(value).some(hasNegativeZero);
  }
  return Object.is(value, -0);
}

const RUNS = { numRuns: 60 };

testEachStore("a login is written as it was handed over", async (kind) => {
  await using store = await openStore(kind);
  const { admin, sessions } = store;
  const userId = await store.insertUser();
  const given = fc.record({
    deviceName: orNull(text),
    userAgent: orNull(text),
    requestId: text,
    ip,
    amr: fc.array(json, { maxLength: 4 }),
    aal: fc.constantFrom("aal1", "aal2", "aal3"),
    hash: bytes(32),
    lineage: bytes(8),
    key: orNull(bytes(16)),
  });
  await fc.assert(
    fc.asyncProperty(given, async ({ hash, lineage, key, requestId, ...rest }) => {
      const { sessionId, ...request } = newSession(userId);
      const answer = await sessions.store.createSession({
        ...request,
        sessionId,
        refreshTokenHash: hash as typeof request.refreshTokenHash,
        lineage: lineage as typeof request.lineage,
        keyThumbprint: key as ReturnType<typeof keyNamed> | null,
        deviceName: rest.deviceName,
        aal: rest.aal,
        amr: rest.amr,
      }, { requestId, ip: rest.ip, userAgent: rest.userAgent });
      assert.ok(answer.outcome === "created", answer.outcome);
      const [row] = await admin`
        select s.refresh_token_hash, s.lineage, s.key_thumbprint, s.device_name, s.aal, s.amr,
          s.user_agent, host(s.ip) as ip, e.user_agent as heard, host(e.ip) as at, e.request_id
        from public.sessions as s, public.session_events as e
        where s.id = ${sessionId} and e.session_id = s.id and e.event = 'login'`;
      assert.deepEqual(
        row && { ...row, ip: sameAddress(row["ip"], rest.ip), at: sameAddress(row["at"], rest.ip) },
        {
          refresh_token_hash: Buffer.from(hash),
          lineage: Buffer.from(lineage),
          key_thumbprint: key && Buffer.from(key),
          device_name: rest.deviceName,
          aal: rest.aal,
          amr: rest.amr,
          user_agent: rest.userAgent,
          ip: true,
          heard: rest.userAgent,
          at: true,
          request_id: requestId,
        },
      );
      assert.deepEqual(answer.session.amr, rest.amr, "answered");
      assert.deepEqual(answer.session.keyThumbprint, key, "answered");
    }),
    RUNS,
  );
});

testEachStore("a user's data is answered as the database holds it", async (kind) => {
  await using store = await openStore(kind);
  const { admin, sessions } = store;
  const userId = await store.insertUser();
  const token = await sessions.signIn(userId, { userAgent: "one" });
  const given = fc.record({ user: object, app: object, phone: orNull(text), email: orNull(text) });
  await fc.assert(
    fc.asyncProperty(given, async ({ user, app, phone, email }) => {
      await admin`
        update auth.users set raw_user_meta_data = ${JSON.stringify(user)}::text::jsonb,
          raw_app_meta_data = ${
        JSON.stringify(app)
      }::text::jsonb, phone = ${phone}, email = ${email}
        where id = ${userId}`;
      const answer = await sessions.validate(token);
      assert.ok(answer.outcome === "active", answer.outcome);
      const { userMetadata, appMetadata, ...session } = answer.session;
      assert.deepEqual(
        plain({ userMetadata, appMetadata }),
        plain({ userMetadata: user, appMetadata: app }),
      );
      assert.equal(session.phone, phone);
      assert.equal(session.email, email);
    }),
    RUNS,
  );
});

testEachStore("a list names its devices as they were named", async (kind) => {
  await using store = await openStore(kind);
  const { sessions } = store;
  await fc.assert(
    fc.asyncProperty(fc.array(orNull(text), { minLength: 1, maxLength: 5 }), async (names) => {
      const userId = await store.insertUser();
      const ids: SessionId[] = [];
      for (const deviceName of names) {
        const request = { ...newSession(userId), deviceName };
        ids.push(request.sessionId);
        await sessions.store.createSession(request, { ...contextOf(), userAgent: deviceName });
      }
      const acting = { sessionId: ids[0] ?? assert.fail(), generation: 1, branch: 0 };
      const answer = await sessions.store.listSessions(acting, contextOf());
      assert.ok(answer.outcome === "active", answer.outcome);
      const listed = new Map(answer.sessions.map((session) => [session.sessionId, session]));
      for (const [index, id] of ids.entries()) {
        assert.equal(listed.get(id)?.deviceName, names[index]);
        assert.equal(listed.get(id)?.userAgent, names[index]);
      }
    }),
    { numRuns: 20 },
  );
});

testEachStore("large metadata arrives whole, and too large metadata not at all", async (kind) => {
  await using store = await openStore(kind);
  const { admin, sessions } = store;
  const userId = await store.insertUser();
  const token = await sessions.signIn(userId);
  for (const [characters, isOmitted] of [[1_500, false], [100_000, true]] as const) {
    const user = { name: '😀"\\'.repeat(characters / 3) };
    const app = { providers: ["😀".repeat(20_000)] };
    await admin`
      update auth.users set raw_user_meta_data = ${admin.json(user)}, raw_app_meta_data = ${
      admin.json(app)
    }
      where id = ${userId}`;
    const answer = await sessions.validate(token);
    assert.ok(answer.outcome === "active", answer.outcome);
    assert.equal(answer.session.userMetadataOmitted, isOmitted, `${characters} characters`);
    assert.deepEqual(answer.session.userMetadata, isOmitted ? {} : user);
    assert.deepEqual(answer.session.appMetadata, app);
  }
});

testEachStore(
  "calls of the same moment are each given their own answer, and an error only theirs",
  async (kind) => {
    await using store = await openStore(kind);
    const { admin, sessions } = store;
    const crowd = await Promise.all(Array.from({ length: 40 }, async (_, index) => {
      const userId = await insertNamed(index);
      return { index, userId, token: await sessions.signIn(userId) };
    }));
    async function insertNamed(index: number): Promise<string> {
      const userId = await store.insertUser();
      await admin`update auth.users set raw_user_meta_data = ${admin.json({ index })}
      where id = ${userId}`;
      return userId;
    }
    const broken = sessions.validate({
      sessionId: "not a uuid" as SessionId,
      generation: 1,
      branch: 0,
    });
    const unknown = sessions.validate({
      sessionId: randomUUID() as SessionId,
      generation: 1,
      branch: 0,
    });
    const answers = Promise.all(crowd.map(({ token }) => sessions.validate(token)));
    await assert.rejects(broken, { code: "22P02" });
    assert.equal((await unknown).outcome, "not_found");
    for (const [at, answer] of (await answers).entries()) {
      assert.ok(answer.outcome === "active", answer.outcome);
      assert.equal(answer.session.sessionId, crowd[at]?.token.sessionId);
      assert.equal(answer.session.userId, crowd[at]?.userId);
      assert.deepEqual(answer.session.userMetadata, { index: at });
    }
  },
);

/** PostgreSQL writes an address its own way. */
function sameAddress(written: unknown, given: string | null): boolean {
  if (written === null || given === null) return written === given;
  return new URL(`http://${bracketed(String(written))}`).hostname ===
    new URL(`http://${bracketed(given)}`).hostname;
}

function bracketed(address: string): string {
  return address.includes(":") ? `[${address}]` : address;
}

/** Without the prototypes that a dictionary of fast-check's may have none of. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}
