import assert from "node:assert/strict";
import { openRestFixture } from "./rest_fixture.ts";

const fixture = await openRestFixture();
const { service, anonymous, call, stack } = fixture;
const sql = stack.database.connect({ max: 1 });
Deno.test.afterAll(() => fixture.close());

Deno.test("the request runs as the key's role, with its claims, headers and cookies as settings", async () => {
  const response = await call("context", {
    body: "{}",
    headers: { "x-custom": "it's \\ here", cookie: "crumb=a=b; other=c" },
  });
  assert.deepEqual(await response.json(), {
    current_user: "service_role",
    session_user: "authenticator",
    auth_role: "service_role",
    auth_uid: null,
    claims: { role: "service_role" },
    method: "POST",
    path: "/rpc/context",
    header: "it's \\ here",
    cookie: "a=b",
    search_path: '"public", "extensions"',
    statement_timeout: "8s",
    read_only: "on",
  });
});

Deno.test("each role has its own time limit", async () => {
  const { data } = await anonymous.rpc("context");
  assert.deepEqual([data.current_user, data.statement_timeout], ["anon", "3s"]);
});

Deno.test("a function's settings are gone with its transaction", async () => {
  const teapot = await call("answer_teapot");
  await teapot.body?.cancel();
  // The connection that was used last is the next to be used.
  const next = await call("add", { body: '{"p_a":1}' });
  await next.body?.cancel();
  assert.deepEqual([teapot.status, next.status, next.headers.get("x-tea")], [418, 200, null]);
});

Deno.test("a stable function and a get may not write", async () => {
  const stable = await service.rpc("stable_writer");
  assert.deepEqual([stable.status, stable.error?.code], [405, "25006"]);
  const get = await service.rpc("write_note", { p_id: 1, p_body: "x" }, { get: true });
  assert.deepEqual([get.status, get.error?.code], [405, "25006"]);
});

Deno.test("a success is committed, a failure is rolled back", async () => {
  assert.equal((await service.rpc("write_note", { p_id: 10, p_body: "kept" })).data, 10);
  const failed = await service.rpc("write_note", { p_id: 10, p_body: "again" });
  assert.deepEqual([failed.status, failed.error?.code], [409, "23505"]);
  assert.equal((await service.rpc("write_note", { p_id: 11, p_body: "after" })).data, 11);
  const rows = await sql`select id, body from public.notes where id in (10, 11) order by id`;
  assert.deepEqual([...rows], [{ id: 10, body: "kept" }, { id: 11, body: "after" }]);
});

Deno.test("more rows than single() wants roll back what was written", async () => {
  const { status } = await service.rpc("write_many").single();
  assert.equal(status, 406);
  assert.equal((await sql`select from public.notes where id in (901, 902)`).length, 0);
});

Deno.test("a function's own time limit counts", async () => {
  const { status, error } = await service.rpc("sleep_briefly", { p_seconds: 2 });
  assert.deepEqual([status, error?.code], [500, "57014"]);
  assert.equal((await service.rpc("sleep_briefly", { p_seconds: 0 })).status, 204);
});

Deno.test("requests side by side keep their callers apart", async () => {
  const roles = await Promise.all(
    Array.from({ length: 40 }, async (_, index) => {
      const { data } = await (index % 2 ? service : anonymous).rpc("context");
      return data.current_user;
    }),
  );
  assert.deepEqual(roles, roles.map((_, index) => index % 2 ? "service_role" : "anon"));
});

Deno.test("a function that is made, changed or dropped is seen at once", async () => {
  assert.equal((await service.rpc("fresh")).error?.code, "PGRST202");
  await sql`create function public.fresh() returns int language sql as 'select 1'`;
  assert.equal((await service.rpc("fresh")).data, 1);
  await sql`create or replace function public.fresh() returns int language sql as 'select 2'`;
  assert.equal((await service.rpc("fresh")).data, 2);
  await sql`drop function public.fresh()`;
  await sql`create function public.fresh(p_name text) returns text language sql as 'select p_name'`;
  assert.equal((await service.rpc("fresh", { p_name: "ada" })).data, "ada");
});

Deno.test("row level security sees who signed in", async () => {
  const id = await stack.createUser({ email: "owner@example.com", password: "long enough" });
  await sql`insert into public.notes (id, owner, body) values (20, ${id}, 'mine')`;
  const login = await fetch(`${stack.baseUrl}/auth/v1/token?grant_type=password`, {
    method: "POST",
    headers: { apikey: stack.keys.publishable, "content-type": "application/json" },
    body: JSON.stringify({ email: "owner@example.com", password: "long enough" }),
  });
  const { access_token } = await login.json();
  const read = (headers: Record<string, string>, query = "") =>
    fetch(`${stack.baseUrl}/rest/v1/notes${query}`, {
      headers: { apikey: stack.keys.publishable, ...headers },
    }).then((response) => response.json());

  const mine = await read({ authorization: `Bearer ${access_token}` }, "?select=id,body");
  assert.deepEqual(mine, [{ id: 20, body: "mine" }]);
  const other = await read({ authorization: `Bearer ${access_token}` }, "?id=eq.10");
  assert.deepEqual(other, []);
  assert.equal((await read({})).code, "42501");
});
