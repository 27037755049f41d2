import assert from "node:assert/strict";
import { decodeJwt } from "jose";
import type postgres from "postgres";
import { readCodeBlocks, readDocument } from "../docs/markdown.ts";
import { openHttpFixture } from "./fixture.ts";

const fixture = await openHttpFixture({ functions: ["unified-auth"] });
Deno.test.afterAll(() => fixture.close());

const { stack, sql } = fixture;

const [example] = readCodeBlocks(await readDocument("docs/security.md")).filter(
  ({ language, runs }) => language === "sql" && runs,
);
await sql.unsafe(example?.text ?? assert.fail("docs/security.md has no example"));

async function readNotes(accessToken: string | undefined): Promise<unknown> {
  const response = await fetch(`${stack.baseUrl}/rest/v1/notes?select=body`, {
    headers: { apikey: stack.keys.publishable, authorization: `Bearer ${accessToken}` },
  });
  return await response.json();
}

async function insertNote(owner: string): Promise<void> {
  await sql`insert into public.notes (owner, body) values (${owner}, 'hello')`;
}

/** As the data API would, after it has checked the token; answers how many rows it changed. */
async function writeAs(
  accessToken: string | undefined,
  statement: string,
): Promise<number | string> {
  const claims = JSON.stringify(decodeJwt(accessToken ?? ""));
  try {
    return await sql.begin(async (tx) => {
      await tx`set local role authenticated`;
      await tx`select set_config('request.jwt.claims', ${claims}, true)`;
      return (await tx.unsafe(statement)).count;
    });
  } catch (error: unknown) {
    return (error as postgres.PostgresError).code;
  }
}

const INSUFFICIENT_PRIVILEGE = "42501";

Deno.test("an access token reads its user's rows while its session lives, and nothing after logout", async () => {
  const { browser, person } = await fixture.signIn();
  const { person: somebody } = await fixture.signIn();
  await insertNote(person.id);
  await insertNote(somebody.id);
  const token = browser.accessToken;

  assert.deepEqual(await readNotes(token), [{ body: "hello" }]);
  await browser.logout();
  assert.deepEqual(await readNotes(token), []);
});

Deno.test("the tokens of a banned user and of a session that reuse has ended read nothing", async () => {
  const banned = await fixture.signIn();
  const reused = await fixture.signIn();
  await insertNote(banned.person.id);
  await insertNote(reused.person.id);
  for (const { browser } of [banned, reused]) {
    assert.deepEqual(await readNotes(browser.accessToken), [{ body: "hello" }]);
  }
  await sql`
    update auth.users set banned_until = now() + interval '1 day' where id = ${banned.person.id}`;
  await sql`
    update public.sessions
    set is_valid = false, revoked_at = now(), revoked_reason = 'reused'
    where id = ${reused.sessionId}`;
  for (const { browser } of [banned, reused]) {
    assert.deepEqual(await readNotes(browser.accessToken), []);
  }
});

Deno.test("an access token writes while its session lives, and neither writes nor deletes after logout", async () => {
  const { browser, person } = await fixture.signIn();
  await insertNote(person.id);
  const token = browser.accessToken;
  const insert = "insert into public.notes (body) values ('mine')";
  const update = "update public.notes set body = 'changed' where true";
  assert.deepEqual([await writeAs(token, insert), await writeAs(token, update)], [1, 2]);
  await browser.logout();
  assert.equal(await writeAs(token, insert), INSUFFICIENT_PRIVILEGE);
  assert.equal(await writeAs(token, update), 0);
  assert.equal(await writeAs(token, "delete from public.notes where true"), 0);
});
