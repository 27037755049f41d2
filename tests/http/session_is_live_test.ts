import assert from "node:assert/strict";
import { openHttpFixture } from "./fixture.ts";

const fixture = await openHttpFixture({ functions: ["unified-auth"] });
Deno.test.afterAll(() => fixture.close());

const { stack, sql } = fixture;

/** A table of the app that its owners may read while the session lives in which they ask. */
await sql.unsafe(`
  create table public.notes (id int primary key, owner uuid not null, body text not null);
  alter table public.notes enable row level security;
  grant select on public.notes to authenticated;
  create policy "owners read in a live session" on public.notes for select to authenticated
    using (owner = (select auth.uid()) and (select public.session_is_live()));
`);

async function readNotes(accessToken: string | undefined): Promise<unknown> {
  const response = await fetch(`${stack.baseUrl}/rest/v1/notes?select=body`, {
    headers: { apikey: stack.keys.publishable, authorization: `Bearer ${accessToken}` },
  });
  return await response.json();
}

async function writeNote(id: number, owner: string): Promise<void> {
  await sql`insert into public.notes (id, owner, body) values (${id}, ${owner}, 'hello')`;
}

Deno.test("an access token reads its user's rows while its session lives, and nothing after logout", async () => {
  const { browser, person } = await fixture.signIn();
  const { person: somebody } = await fixture.signIn();
  await writeNote(1, person.id);
  await writeNote(2, somebody.id);
  const token = browser.accessToken;

  assert.deepEqual(await readNotes(token), [{ body: "hello" }]);
  await browser.logout();
  assert.deepEqual(await readNotes(token), []);
});

Deno.test("the tokens of a banned user and of a session that reuse has ended read nothing", async () => {
  const banned = await fixture.signIn();
  const reused = await fixture.signIn();
  await writeNote(3, banned.person.id);
  await writeNote(4, reused.person.id);
  for (const { browser } of [banned, reused]) {
    assert.deepEqual(await readNotes(browser.accessToken), [{ body: "hello" }]);
  }
  await sql`
    update auth.users set banned_until = now() + interval '1 day' where id = ${banned.person.id}`;
  await sql`
    update public.sessions
    set is_valid = false, revoked_at = now(), revoked_reason = 'refresh_token_reused'
    where id = ${reused.sessionId}`;
  for (const { browser } of [banned, reused]) {
    assert.deepEqual(await readNotes(browser.accessToken), []);
  }
});
