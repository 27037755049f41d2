import assert from "node:assert/strict";
import { createLocalJWKSet, jwtVerify } from "jose";
import { SEED_USERS } from "../../../local/platform/seed_users.ts";
import { openAuthFixture } from "./auth_fixture.ts";

const fixture = await openAuthFixture();
const { stack, admin, visitor, ask } = fixture;
const { ada, grace } = SEED_USERS;
const sql = stack.database.connectAs("supabase_admin", { max: 1 });
Deno.test.afterAll(() => fixture.close());

Deno.test("the people of the seed sign in, with complete rows", async () => {
  for (const { id, email, password } of [ada, grace]) {
    const { data, error } = await visitor().signInWithPassword({ email, password });
    assert.equal(error, null);
    assert.equal(data.user?.id, id);
    assert.equal(data.user?.email, email);
    assert.deepEqual(data.user?.identities?.map(({ provider }) => provider), ["email"]);
    assert.ok(data.user?.last_sign_in_at);
    assert.equal(data.session?.expires_in, 3600);
  }
});

Deno.test("an access token verifies with the published keys and names its session", async () => {
  const jwks = await (await ask("/.well-known/jwks.json")).json();
  const { data } = await visitor().signInWithPassword(ada);
  const { payload } = await jwtVerify(
    data.session?.access_token ?? "",
    createLocalJWKSet(jwks),
    { issuer: `${stack.baseUrl}/auth/v1`, audience: "authenticated", algorithms: ["ES256"] },
  );
  const { sub, role, aal, session_id, amr } = payload;
  assert.deepEqual([sub, role, aal], [ada.id, "authenticated", "aal1"]);
  assert.deepEqual((amr as { method: string }[]).map(({ method }) => method), ["password"]);
  const [session] = await sql`
    select user_id, aal from auth.sessions where id = ${String(session_id)}`;
  assert.deepEqual({ ...session }, { user_id: ada.id, aal: "aal1" });
});

Deno.test("the published keys hold no secret, and those of the sessions too", async () => {
  const { keys } = await (await ask("/.well-known/jwks.json")).json();
  assert.equal(keys.length, 2);
  const secrets = ["d", "k", "p", "q"];
  assert.ok(keys.every((key: object) => secrets.every((name) => !(name in key))));
});

Deno.test("an unknown person and a wrong password are one answer", async () => {
  for (const email of [ada.email, "nobody@example.com"]) {
    const { error } = await visitor().signInWithPassword({ email, password: "wrong" });
    assert.deepEqual([error?.status, error?.code, error?.message], [
      400,
      "invalid_credentials",
      "Invalid login credentials",
    ]);
  }
});

Deno.test("a banned person is refused before the password is checked", async () => {
  await stack.createUser({ email: "banned@example.com", password: "long enough" });
  await sql`
    update auth.users set banned_until = now() + interval '1 hour'
    where email = 'banned@example.com'`;
  const signIn = { email: "banned@example.com", password: "wrong" };
  assert.equal((await visitor().signInWithPassword(signIn)).error?.code, "user_banned");
  await sql`
    update auth.users set banned_until = now() - interval '1 second'
    where email = 'banned@example.com'`;
  assert.equal((await visitor().signInWithPassword(signIn)).error?.code, "invalid_credentials");
});

Deno.test("an unconfirmed address is reported only for the right password", async () => {
  const person = { email: "unconfirmed@example.com", password: "long enough" };
  await admin().admin.createUser(person);
  assert.equal((await visitor().signInWithPassword(person)).error?.code, "email_not_confirmed");
  const wrong = await visitor().signInWithPassword({ ...person, password: "wrong" });
  assert.equal(wrong.error?.code, "invalid_credentials");
});

Deno.test("who has no password cannot sign in with one", async () => {
  await stack.createUser({ email: "oauth@example.com", password: "long enough" });
  await sql`update auth.users set encrypted_password = '' where email = 'oauth@example.com'`;
  const { error } = await visitor().signInWithPassword({
    email: "oauth@example.com",
    password: "",
  });
  assert.equal(error?.code, "invalid_credentials");
});

Deno.test("hashes of other bcrypt libraries are understood", async () => {
  await stack.createUser({ email: "imported@example.com", password: "long enough" });
  await sql`
    update auth.users set encrypted_password = overlay(encrypted_password placing '$2b$' from 1)
    where email = 'imported@example.com'`;
  const { error } = await visitor().signInWithPassword({
    email: "imported@example.com",
    password: "long enough",
  });
  assert.equal(error, null);
});

Deno.test("a row that Supabase Auth could not read is an error here too", async () => {
  await stack.createUser({ email: "half@example.com", password: "long enough" });
  await sql`update auth.users set confirmation_token = null where email = 'half@example.com'`;
  const { error } = await visitor().signInWithPassword({
    email: "half@example.com",
    password: "long enough",
  });
  assert.equal(error?.status, 500);
});

Deno.test("both forms of an error body name the code", async () => {
  const send = (headers: Record<string, string>) =>
    ask("/token?grant_type=password", {
      method: "POST",
      headers,
      body: JSON.stringify({ email: ada.email, password: "wrong" }),
    });
  const older = await send({});
  assert.equal(older.headers.get("x-sb-error-code"), "invalid_credentials");
  assert.deepEqual(await older.json(), {
    code: 400,
    error_code: "invalid_credentials",
    msg: "Invalid login credentials",
  });
  const newer = await send({ "x-supabase-api-version": "2024-01-01" });
  assert.equal(newer.headers.get("x-supabase-api-version"), "2024-01-01");
  assert.deepEqual(await newer.json(), {
    code: "invalid_credentials",
    message: "Invalid login credentials",
  });
});

Deno.test("requests that make no sense are refused with the reason", async () => {
  const send = async (body: string, grant = "password") => {
    const response = await ask(`/token?grant_type=${grant}`, { method: "POST", body });
    return [response.status, (await response.json()).error_code];
  };
  assert.deepEqual(await send("{"), [400, "bad_json"]);
  assert.deepEqual(await send("{}"), [400, "validation_failed"]);
  assert.deepEqual(await send('{"email":"a@b.c","phone":"1"}'), [400, "validation_failed"]);
  assert.deepEqual(await send('{"phone":"1"}'), [422, "phone_provider_disabled"]);
  assert.deepEqual(await send("{}", ""), [400, "invalid_credentials"]);
  for (const body of ["", "[]", '{"email":1}', '{"email":"a@b.c","password":1}']) {
    assert.deepEqual(await send(body), [400, "bad_json"], body);
  }
  assert.deepEqual(await send(" ".repeat(1024 * 1024 + 1)), [413, "request_entity_too_large"]);
});

Deno.test("only a secret key may speak for another address", async () => {
  const signInFrom = async (key: string) => {
    const response = await ask("/token?grant_type=password", {
      method: "POST",
      headers: {
        apikey: key,
        authorization: `Bearer ${key}`,
        "sb-forwarded-for": "203.0.113.7, 10.0.0.1",
      },
      body: JSON.stringify({ email: ada.email, password: ada.password }),
    });
    await response.body?.cancel();
    const sessionId = response.headers.get("sb-auth-session-id") ?? "";
    const [session] = await sql`select host(ip) as ip from auth.sessions where id = ${sessionId}`;
    return session?.ip;
  };
  assert.equal(await signInFrom(stack.keys.secret), "203.0.113.7");
  assert.equal(await signInFrom(stack.keys.publishable), "127.0.0.1");
});

Deno.test("a verified factor shows in the user", async () => {
  const id = await stack.createUser({ email: "mfa@example.com", password: "long enough" });
  await sql`
    insert into auth.mfa_factors
      (id, user_id, friendly_name, factor_type, status, secret, created_at, updated_at)
    values (gen_random_uuid(), ${id}, '', 'totp', 'verified', 'NBSWY3DP', now(), now())`;
  const { data } = await visitor().signInWithPassword({
    email: "mfa@example.com",
    password: "long enough",
  });
  assert.deepEqual(data.user?.factors?.map(({ status }) => status), ["verified"]);
});
