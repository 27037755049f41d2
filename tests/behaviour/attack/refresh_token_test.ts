import assert from "node:assert/strict";
import fc from "fast-check";
import type { SessionId } from "../../../supabase/functions/_shared/brands.ts";
import { readConfig } from "../../../supabase/functions/_shared/config/config.ts";
import {
  encodeRefreshToken,
  readRefreshToken,
  type RefreshTokenParts,
} from "../../../supabase/functions/_shared/tokens/refresh_token.ts";
import { deriveSessionKeys } from "../../../supabase/functions/_shared/tokens/session_keys.ts";
import { ageSession } from "../../../local/testing/aging.ts";
import { countEvents } from "../../harness/session_tables.ts";
import { type Browser, codeOf, REFRESH_COOKIE, viewOf } from "../http/browser.ts";
import { openHttpFixture } from "../http/fixture.ts";
import { createProofKey } from "../http/proof_key.ts";
import { assertRefused } from "../http/refusal.ts";
import { UNBOUND_START } from "../../unit/functions/arbitraries.ts";
import { mutatedTokens } from "./mutations.ts";

const fixture = await openHttpFixture({ functions: ["unified-auth"] });
Deno.test.afterAll(() => fixture.close());

const { environment } = fixture.stack;
/** The keys of somebody who has the leaked `SESSION_SECRET`. */
const { sessionSecrets, supabaseUrl } = readConfig((name) => environment[name]);
const keys = deriveSessionKeys(sessionSecrets, supabaseUrl);

const first = await fixture.signIn();
const second = await fixture.signIn();
const genuine = first.browser.refreshToken ?? assert.fail();
const other = second.browser.refreshToken ?? assert.fail();

function withRefreshToken(token: string): Browser {
  return fixture.openBrowser({ cookies: new Map([[REFRESH_COOKIE, token]]) });
}

/** A token whose tag is good and whose secret nobody issued. */
function forge(sessionId: string, parts: Partial<RefreshTokenParts> = {}): string {
  return encodeRefreshToken({
    ...UNBOUND_START,
    sessionId: sessionId as SessionId,
    generation: 1,
    branch: 0,
    secret: crypto.getRandomValues(new Uint8Array(32)),
    ...parts,
  }, keys.signing);
}

/** When the PostgREST emulator last asked the database anything. */
async function lastQueryAt(): Promise<string> {
  const [row] = await fixture.stack.database.connectAs("supabase_admin", { max: 1 })`
    select max(query_start)::text as at from pg_stat_activity
    where datname = current_database()
      and (usename = 'authenticator' or application_name = 'unified-auth')`;
  return String(row?.["at"]);
}

Deno.test("hundreds of mutated refresh tokens never reach the database and end nothing", async () => {
  const before = await lastQueryAt();
  const mutated = fc.sample(mutatedTokens(genuine, other), 300);
  for (let at = 0; at < mutated.length; at += 20) {
    await Promise.all(
      mutated.slice(at, at + 20).map(async (token, index) => {
        const thief = withRefreshToken(token);
        const answer = await (index % 2 === 0 ? thief.refresh() : thief.validate());
        assertRefused(answer, "refresh_token_invalid");
      }),
    );
  }
  assert.equal(await lastQueryAt(), before, "the database was called");
  assert.equal(viewOf(await first.browser.validate()).session.id, first.sessionId);
  assert.notEqual(await lastQueryAt(), before, "a genuine token does ask");
});

Deno.test("a good tag over a wrong secret is reported as a leaked key and ends nothing", async () => {
  const { browser, sessionId } = await fixture.signIn();
  await ageSession(fixture.sql, sessionId, 120);
  assert.equal(viewOf(await browser.refresh()).session.generation, 2);
  const forged = [
    forge(sessionId, { generation: 2 }), // in place of the current one
    forge(sessionId, { generation: 1 }), // in place of its predecessor
  ];
  for (const token of forged) {
    assert.ok(readRefreshToken(token, keys));
    assertRefused(await withRefreshToken(token).refresh(), "refresh_token_invalid");
    assertRefused(await withRefreshToken(token).validate(), "refresh_token_invalid");
    for (const scope of ["local", "others", "global"] as const) {
      const { body } = await withRefreshToken(token).logout(scope);
      assert.notEqual(body["sessions_ended"], 1, scope);
    }
  }
  const alarms = await countEvents(fixture.sql, sessionId, "key_compromise_suspected");
  assert.equal(alarms, 1, "once an hour: nobody fills the table with it");
  assert.equal((await fixture.readSession(sessionId))["is_valid"], true);
  assert.equal(viewOf(await browser.refresh()).session.generation, 2);

  const logged = await fixture.readLog(
    ({ level, session_id }) => level === "error" && session_id === sessionId,
    4,
  );
  assert.equal(logged.length, 4);
  for (const entry of logged) {
    assert.match(String(entry["msg"]), /key may have leaked/);
    assert.equal(entry["key_id"], keys.signing.id);
  }
});

Deno.test("with SESSION_SECRET alone nobody ends a session: places whose hash is not kept need its lineage", async () => {
  for (const key of [null, await createProofKey()]) {
    const { browser, sessionId, person } = await fixture.signIn({ key });
    const beside = fixture.openBrowser();
    await beside.login(person);
    const first = browser.copy();
    for (let rotations = 0; rotations < 2; rotations += 1) {
      await ageSession(fixture.sql, sessionId, 120);
      viewOf(await browser.refresh());
    }
    const forged = [{ generation: 1 }, { generation: 2, branch: 1 }, { generation: 3, branch: 0 }];
    for (const token of forged.map((parts) => forge(sessionId, parts))) {
      assertRefused(await withRefreshToken(token).refresh(), "refresh_token_invalid");
      assertRefused(await withRefreshToken(token).logout("others"), "refresh_token_invalid");
      for (const scope of ["local", "global"] as const) {
        assert.equal((await withRefreshToken(token).logout(scope)).body["sessions_ended"], 0);
      }
      await withRefreshToken(token).login(await fixture.createPerson());
    }
    assert.equal(await countEvents(fixture.sql, sessionId, "key_compromise_suspected"), 1);
    assert.equal((await fixture.readSession(sessionId))["is_valid"], true);
    viewOf(await beside.validate());
    // A real token of such a place has the lineage, and is known for what it is.
    const answer = await first.refresh();
    assert.equal(codeOf(answer), key === null ? "refresh_token_already_used" : "200");
  }
});

Deno.test("a sign-in that presents a forged refresh cookie replaces nobody's session", async () => {
  const victim = await fixture.signIn();
  const thief = withRefreshToken(forge(victim.sessionId));
  await thief.login(await fixture.createPerson());
  assert.equal((await fixture.readSession(victim.sessionId))["is_valid"], true);
});

Deno.test("a token ahead of its row is refused and ends nothing", async () => {
  const { browser, sessionId } = await fixture.signIn();
  for (
    const parts of [{ generation: 2 }, { branch: 1 }, { generation: 2 ** 31 - 1, branch: 255 }]
  ) {
    assertRefused(await withRefreshToken(forge(sessionId, parts)).refresh(), "unknown_generation");
  }
  assert.equal(viewOf(await browser.refresh()).session.generation, 1);
});

Deno.test("a genuine token of a session that never was is refused", async () => {
  const answer = await withRefreshToken(forge(crypto.randomUUID())).refresh();
  assert.deepEqual([answer.status, answer.body["code"]], [401, "session_not_found"]);
});
