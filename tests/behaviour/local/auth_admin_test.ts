import assert from "node:assert/strict";
import { openAuthFixture } from "./auth_fixture.ts";

const fixture = await openAuthFixture();
const { stack, admin, visitor } = fixture;
const sql = stack.database.connectAs("supabase_admin", { max: 1 });
Deno.test.afterAll(() => fixture.close());

const PASSWORD = "long enough";

Deno.test("createUser makes a person who can sign in", async () => {
  const { data, error } = await admin().admin.createUser({
    email: "New@Example.com",
    password: PASSWORD,
    email_confirm: true,
    app_metadata: { plan: "pro" },
    user_metadata: { name: "New" },
  });
  assert.equal(error, null);
  assert.equal(data.user?.email, "new@example.com");
  assert.deepEqual(data.user?.app_metadata, {
    provider: "email",
    providers: ["email"],
    plan: "pro",
  });
  assert.deepEqual(data.user?.user_metadata, { name: "New", email_verified: true });
  assert.equal(data.user?.confirmed_at, undefined);
  const signedIn = await visitor().signInWithPassword({
    email: "new@example.com",
    password: PASSWORD,
  });
  assert.equal(signedIn.error, null);
});

Deno.test("createUser refuses a taken or malformed address, a malformed id and nobody, and asks nothing of a password but its length", async () => {
  const create = async (user: Parameters<ReturnType<typeof admin>["admin"]["createUser"]>[0]) => {
    const { error } = await admin().admin.createUser(user);
    return [error?.status, error?.code];
  };
  await create({ email: "taken@example.com", password: PASSWORD });
  assert.deepEqual(await create({ email: "TAKEN@example.com", password: PASSWORD }), [
    422,
    "email_exists",
  ]);
  assert.deepEqual(await create({ email: "weak@example.com", password: "12345" }), [
    undefined,
    undefined,
  ]);
  const long = "x".repeat(80);
  assert.equal((await create({ email: "long@example.com", password: long }))[0], 500);
  assert.deepEqual(await create({ email: "no address" }), [400, "validation_failed"]);
  assert.deepEqual(await create({ email: "id@example.com", id: "no-id" }), [
    400,
    "validation_failed",
  ]);
  assert.deepEqual(await create({}), [400, "validation_failed"]);
});

Deno.test("updateUserById bans, for as long as it says, and lifts the ban", async () => {
  const id = await stack.createUser({ email: "ban@example.com", password: PASSWORD });
  const { data } = await admin().admin.updateUserById(id, { ban_duration: "1h30m" });
  const [row] = await sql`
    select round(extract(epoch from banned_until - now()))::int as seconds
    from auth.users where id = ${id}`;
  assert.ok(Math.abs((row?.seconds ?? 0) - 5400) < 5);
  assert.ok(data.user && "banned_until" in data.user);
  const lifted = await admin().admin.updateUserById(id, { ban_duration: "none" });
  assert.ok(lifted.data.user && !("banned_until" in lifted.data.user));
  const nonsense = await admin().admin.updateUserById(id, { ban_duration: "soon" });
  assert.equal(nonsense.error?.code, "validation_failed");
  const past = await admin().admin.updateUserById(id, { ban_duration: "-1h" });
  assert.equal(past.error, null);
});

Deno.test("a new password ends every session and replaces the old one", async () => {
  const email = "changed@example.com";
  const id = await stack.createUser({ email, password: PASSWORD });
  await visitor().signInWithPassword({ email, password: PASSWORD });
  await admin().admin.updateUserById(id, { password: "another one" });
  const [row] = await sql`select count(*)::int as count from auth.sessions where user_id = ${id}`;
  assert.equal(row?.count, 0);
  const old = await visitor().signInWithPassword({ email, password: PASSWORD });
  assert.equal(old.error?.code, "invalid_credentials");
  const weak = await admin().admin.updateUserById(id, { password: "12345" });
  assert.deepEqual([weak.error?.status, weak.error?.code], [422, "weak_password"]);
  const fresh = await visitor().signInWithPassword({ email, password: "another one" });
  assert.equal(fresh.error, null);
});

Deno.test("metadata is merged, and a null takes a key away", async () => {
  const id = await stack.createUser({ email: "meta@example.com", password: PASSWORD });
  await admin().admin.updateUserById(id, { user_metadata: { a: 1, b: { c: null } } });
  const { data } = await admin().admin.updateUserById(id, { user_metadata: { a: null, d: 2 } });
  assert.deepEqual(data.user?.user_metadata, { b: { c: null }, d: 2, email_verified: true });
});

Deno.test("a new address is the identity's too, though the answer still shows the old one there", async () => {
  const id = await stack.createUser({ email: "before@example.com", password: PASSWORD });
  const { data } = await admin().admin.updateUserById(id, { email: "after@example.com" });
  assert.equal(data.user?.email, "after@example.com");
  assert.equal(data.user?.identities?.[0]?.identity_data?.email, "before@example.com");
  const [row] = await sql`
    select identity_data ->> 'email' as email from auth.identities where user_id = ${id}`;
  assert.equal(row?.email, "after@example.com");
  const taken = await admin().admin.updateUserById(id, { email: "ada@example.com" });
  assert.equal(taken.error?.status, 500);
});

async function remove(id: string, body: unknown): Promise<number> {
  const response = await fetch(`${stack.baseUrl}/auth/v1/admin/users/${id}`, {
    method: "DELETE",
    headers: {
      apikey: stack.keys.secret,
      authorization: `Bearer ${stack.keys.secret}`,
      "content-type": "application/json",
    },
    body: JSON.stringify(body),
  });
  await response.body?.cancel();
  return response.status;
}

Deno.test("deleting takes the row away, softly only what is personal in it", async () => {
  const hard = await stack.createUser({ email: "hard@example.com", password: PASSWORD });
  assert.equal(await remove(hard, {}), 200);
  assert.equal((await sql`select from auth.users where id = ${hard}`).length, 0);
  assert.equal(await remove(hard, {}), 404);

  const soft = await stack.createUser({ email: "soft@example.com", password: PASSWORD });
  assert.equal(await remove(soft, { should_soft_delete: true }), 200);
  const [row] = await sql`
    select email, encrypted_password, email_change <> '' as change, deleted_at is not null as deleted
    from auth.users where id = ${soft}`;
  assert.notEqual(row?.email, "soft@example.com");
  assert.deepEqual({
    encrypted_password: row?.encrypted_password,
    change: row?.change,
    deleted: row?.deleted,
  }, { encrypted_password: null, change: true, deleted: true });
  const { error } = await visitor().signInWithPassword({
    email: "soft@example.com",
    password: PASSWORD,
  });
  assert.equal(error?.code, "invalid_credentials");
});
