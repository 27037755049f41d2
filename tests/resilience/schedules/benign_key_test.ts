/**
 * Honest browsers with a key: renderers that have none, keys that are lost, challenges that
 * are old, a binding that is switched off, tokens from before there were keys. Nobody is signed out.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHash, createHmac } from "node:crypto";
import { startFunction } from "../../../local/platform/function_processes.ts";
import { readConfig } from "../../../supabase/functions/_shared/config/config.ts";
import { deriveSessionKeys } from "../../../supabase/functions/_shared/tokens/session_keys.ts";
import { type Answer, codeOf, REFRESH_COOKIE, viewOf } from "../../behaviour/http/browser.ts";
import { createProofKey } from "../../behaviour/http/proof_key.ts";
import { openScheduleFixture } from "./schedule_fixture.ts";
import {
  assertLivesOn,
  beginLife,
  BINDINGS,
  DAY,
  HOUR,
  readSession,
  type SessionLife,
} from "./session_life.ts";

const fixture = await openScheduleFixture();
Deno.test.afterAll(() => fixture.close());

/** A refusal that leaves everything as it was: the browser's cookies, and the session. */
function assertRefused(answer: Answer, code: string): void {
  assert.deepEqual([answer.status, codeOf(answer)], [401, code]);
  assert.deepEqual(answer.setCookies, []);
}

/** While nobody can read a session: a request that needs the database gets 503. */
async function withoutDatabase<Result>(ask: () => Promise<Result>): Promise<Result> {
  const result = await fixture.sql.begin(async (transaction) => {
    await transaction`lock table public.sessions in access exclusive mode`;
    return { result: await ask() };
  });
  return result.result;
}

Deno.test("a renderer beside the first key is refused, and its browser goes on", async () => {
  const life = await beginLife(fixture, { binding: "first key" });
  const renderer = life.copyOf(life.owner, { key: null });
  viewOf(await life.owner.refresh());
  assertRefused(await renderer.validate(), "proof_required");
  await life.after(20);
  viewOf(await life.owner.refresh());
  await assertLivesOn(life);
});

for (const how of ["validate", "refresh"] as const) {
  Deno.test(`a renderer of a bound session is refused by ${how} without the database`, async () => {
    const life = await beginLife(fixture, { binding: "bound" });
    const renderer = life.copyOf(life.owner, { key: null });
    assertRefused(await withoutDatabase(() => renderer[how]()), "proof_required");
    assert.deepEqual(await life.events(), []);
    await assertLivesOn(life);
  });
}

Deno.test("a genuine bound token without a proof never reaches the database", async () => {
  const life = await beginLife(fixture, { binding: "bound" });
  const copy = life.copyOf(life.owner, { key: null });
  await withoutDatabase(async () => {
    for (let sent = 0; sent < 1000; sent += 50) {
      const answers = await Promise.all(Array.from({ length: 50 }, () => copy.refresh()));
      for (const answer of answers) assertRefused(answer, "proof_required");
    }
    assert.equal((await life.owner.refresh()).status, 503, "with a proof it would");
  });
  await assertLivesOn(life);
});

Deno.test("a key lost for a week is replaced by the next one, in two tabs at once", async () => {
  const life = await beginLife(fixture, { binding: "bound" });
  const { owner, after, events } = life;
  await after(8 * DAY);
  owner.key = await createProofKey();
  const first = await owner.refresh({ lost: true });
  const second = await owner.refresh({ lost: true });
  for (const answer of [second, first]) {
    viewOf(answer);
    owner.keep(answer);
  }
  assert.deepEqual(await events(), ["rebound", "replay"]);
  assert.equal((await readSession(life.sql, life.sessionId)).key_thumbprint, owner.key.thumbprint);
  await assertLivesOn(life);
});

Deno.test("a key lost five minutes after a refresh is refused, and the session lives", async () => {
  const life = await beginLife(fixture, { binding: "bound" });
  const { owner } = life;
  viewOf(await owner.refresh());
  await life.after(300);
  const { key } = owner;
  owner.key = await createProofKey();
  assertRefused(await owner.refresh(), "proof_key_unknown");
  assert.deepEqual(await life.events(), ["refresh", "proof_refused"]);
  owner.key = key;
  await assertLivesOn(life);
});

Deno.test("a cookie from before a rebinding may come back beside the new key", async () => {
  const life = await beginLife(fixture, { binding: "bound" });
  const { owner, after } = life;
  const onDisk = life.copyOf(owner);
  viewOf(await owner.refresh());
  await after(8 * DAY);
  onDisk.key = owner.key = await createProofKey();
  viewOf(await owner.refresh());
  await after(2 * HOUR);
  viewOf(await onDisk.refresh());
  assert.deepEqual(await life.events(), ["refresh", "rebound", "reissue"]);
  await assertLivesOn(life, onDisk);
});

for (const binding of BINDINGS) {
  Deno.test(`${binding}: a restored database signs nobody out, and refuses`, async () => {
    const life = await beginLife(fixture, { binding });
    const { owner, after, sql, sessionId } = life;
    await sql`create table public.backup as
      select s.* from public.sessions as s where s.id = ${sessionId}`;
    for (const _ of [1, 2]) {
      viewOf(await owner.refresh());
      await after(HOUR);
    }
    await sql`delete from public.sessions as s where s.id = ${sessionId}`;
    await sql`insert into public.sessions select b.* from public.backup as b`;
    await sql`drop table public.backup`;
    assertRefused(await owner.refresh(), "unknown_generation");
    assert.equal((await readSession(sql, sessionId)).is_valid, true);
  });
}

Deno.test("a challenge that does not fit is answered with one that does", async (test) => {
  const presentOver = async (
    life: SessionLife,
    challenge: string | null,
    { withDatabase = true } = {},
  ) => {
    const { owner } = life;
    owner.challenge = challenge;
    const ask = () => owner.refresh({ tries: 1 });
    assertRefused(await (withDatabase ? ask() : withoutDatabase(ask)), "proof_required");
    assert.deepEqual(await life.events(), []);
    viewOf(await owner.refresh({ tries: 1 }));
    await assertLivesOn(life);
  };
  const begin = () => beginLife(fixture, { binding: "bound" });
  const { forge } = fixture;

  await test.step("none: without the database", async () => {
    await presentOver(await begin(), null, { withDatabase: false });
  });
  await test.step("of the place before, and old", async () => {
    const life = await begin();
    const { sessionId } = life;
    await presentOver(life, forge.challenge({ sessionId, generation: 1, ageSeconds: 120 }));
  });
  await test.step("of the place to come, and from the future", async () => {
    const life = await begin();
    const { sessionId } = life;
    await presentOver(life, forge.challenge({ sessionId, generation: 3, ageSeconds: -120 }));
  });
  await test.step("of another session: without the database", async () => {
    const life = await begin();
    const other = await begin();
    await presentOver(life, other.owner.challenge, { withDatabase: false });
  });
  await test.step("forged: without the database", async () => {
    const life = await begin();
    const forged = `${life.owner.challenge}`.replace(/.$/, (last) => last === "A" ? "Q" : "A");
    await presentOver(life, forged, { withDatabase: false });
  });
});

Deno.test("a challenge of the place before is good for the reuse interval", async () => {
  const life = await beginLife(fixture, { binding: "bound" });
  const { sessionId } = life;
  life.owner.challenge = fixture.forge.challenge({ sessionId, generation: 1, ageSeconds: 30 });
  viewOf(await life.owner.refresh({ tries: 1 }));
  await assertLivesOn(life);
});

Deno.test("binding may be switched off and on again", async (test) => {
  await using unbinding = await startInstance({ SESSION_BINDING: "off" });
  for (const binding of ["first key", "bound"] as const) {
    for (const replyIsLost of [false, true]) {
      const how = replyIsLost ? "a reply lost at each switch" : "every reply arriving";
      await test.step(`${binding}, ${how}`, async () => {
        const life = await beginLife(fixture, { binding });
        const withOff = life.copyOf(life.owner, unbinding);
        const take = async (from: typeof withOff, to: typeof withOff) => {
          if (replyIsLost) {
            viewOf(await from.refresh({ lost: true }));
            await life.after(120);
          }
          viewOf(await from.refresh());
          await life.after(HOUR);
          for (const [name, value] of from.cookies) to.cookies.set(name, value);
          to.challenge = from.challenge;
        };
        await take(life.owner, withOff);
        await take(withOff, withOff);
        assert.equal((await readSession(life.sql, life.sessionId)).key_thumbprint, null);
        await take(withOff, life.owner);
        await assertLivesOn(life);
      });
    }
  }
});

async function startInstance(
  environment: Readonly<Record<string, string>>,
): Promise<AsyncDisposable & { readonly functionsUrl: string }> {
  const { stack } = fixture;
  const instance = await startFunction({
    name: "unified-auth",
    projectDirectory: new URL("../../..", import.meta.url).pathname,
    environment: { ...stack.environment, ...environment },
    mayReach: [new URL(stack.baseUrl).host],
  });
  return { functionsUrl: instance.url, [Symbol.asyncDispose]: instance.stop };
}

Deno.test("a token of version 1 lives on after the deploy, and is bound at its next rotation", async (test) => {
  for (const replyIsLost of [false, true]) {
    await test.step(replyIsLost ? "its first reply lost" : "its first reply arriving", async () => {
      const life = await beginLife(fixture, { binding: "first key" });
      await makeVersionOne(life);
      if (replyIsLost) {
        viewOf(await life.owner.refresh({ lost: true }));
        await life.after(120);
      }
      const view = viewOf(await life.owner.refresh());
      assert.equal(view.session.bound, true);
      await assertLivesOn(life);
    });
  }
});

/** Gives the session a token as it was written before tokens named a key, with its row as it was then. */
async function makeVersionOne({ owner, sql, sessionId }: SessionLife): Promise<void> {
  const { environment } = fixture.stack;
  const { sessionSecrets, supabaseUrl } = readConfig((name) => environment[name]);
  const { signing } = deriveSessionKeys(sessionSecrets, supabaseUrl);
  const { generation, branch } = await readSession(sql, sessionId);
  const bytes = Buffer.alloc(70);
  bytes.writeUInt8(1, 0);
  bytes.write(sessionId.replaceAll("-", ""), 1, "hex");
  bytes.writeUInt32BE(generation, 17);
  bytes.writeUInt8(branch, 21);
  bytes.set(crypto.getRandomValues(new Uint8Array(32)), 22);
  bytes.set(
    createHmac("sha256", signing.mac).update(bytes.subarray(0, 54)).digest().subarray(0, 16),
    54,
  );
  const token = bytes.toString("base64url");
  await sql`
    update public.sessions as s
    set
      refresh_token_hash = ${createHash("sha256").update(token).digest()},
      lineage = null
    where s.id = ${sessionId}`;
  owner.cookies.set(REFRESH_COOKIE, token);
}
