import assert from "node:assert/strict";
import { isAuthSessionMissingError } from "@supabase/supabase-js";
import { decodeJwt, importJWK, SignJWT } from "jose";
import { SEED_USERS } from "../../../local/platform/seed_users.ts";
import { parseSigningKeys } from "../../../supabase/functions/_shared/tokens/signing_keys.ts";
import { openAuthFixture } from "./auth_fixture.ts";

const fixture = await openAuthFixture();
const { stack, admin, visitor, ask } = fixture;
const { ada } = SEED_USERS;
const sql = stack.database.connectAs("supabase_admin", { max: 1 });
Deno.test.afterAll(() => fixture.close());

async function signIn(person: { email: string; password: string } = ada): Promise<string> {
  const { data } = await visitor().signInWithPassword(person);
  return data.session?.access_token ?? "";
}

async function stateOf(token: string): Promise<string> {
  const { data, error } = await admin().getUser(token);
  if (error) return isAuthSessionMissingError(error) ? "session_not_found" : error.code ?? "";
  return data.user.email ?? "";
}

Deno.test("getUser answers who a token belongs to", async () => {
  assert.equal(await stateOf(await signIn()), ada.email);
});

Deno.test("signOut ends the sessions that its scope names", async () => {
  for (
    const [scope, expected] of [
      ["local", ["session_not_found", ada.email]],
      ["others", [ada.email, "session_not_found"]],
      ["global", ["session_not_found", "session_not_found"]],
    ] as const
  ) {
    const tokens = [await signIn(), await signIn()];
    const { error } = await admin().admin.signOut(tokens[0] ?? "", scope);
    assert.equal(error, null);
    assert.deepEqual(await Promise.all(tokens.map(stateOf)), expected);
  }
});

Deno.test("signing out takes the refresh tokens along", async () => {
  const token = await signIn();
  await admin().admin.signOut(token, "global");
  const [row] = await sql`
    select count(*)::int as count from auth.refresh_tokens where user_id = ${ada.id}`;
  assert.equal(row?.count, 0);
});

Deno.test("signing out twice says that the session is missing", async () => {
  const token = await signIn();
  await admin().admin.signOut(token, "local");
  const { error } = await admin().admin.signOut(token, "local");
  assert.ok(isAuthSessionMissingError(error));
});

Deno.test("an unknown scope is refused", async () => {
  const response = await ask("/logout?scope=some", { method: "POST" });
  assert.deepEqual([response.status, (await response.json()).error_code], [
    400,
    "validation_failed",
  ]);
});

Deno.test("a token of one of our sessions cannot act on Supabase Auth", async () => {
  const [key] = parseSigningKeys(stack.environment.SESSION_SIGNING_KEYS ?? "");
  const token = await new SignJWT({
    role: "authenticated",
    session_id: "00000000-0000-4000-8000-000000000001",
  })
    .setProtectedHeader({ alg: "ES256", kid: key?.kid ?? "" })
    .setSubject(ada.id)
    .setExpirationTime("5m")
    .sign(await importJWK({ ...key, use: "sig" }, "ES256"));
  assert.equal(await stateOf(token), "session_not_found");
});

Deno.test("bearers that prove nothing are refused", async () => {
  const without = await ask("/user");
  assert.deepEqual([without.status, (await without.json()).error_code], [403, "bad_jwt"]);
  const forged = (await signIn()).replace(/.{10}$/, "AAAAAAAAAA");
  for (const token of ["a.b.c", "a", forged]) {
    const response = await ask("/user", { headers: { authorization: `Bearer ${token}` } });
    assert.deepEqual([response.status, (await response.json()).error_code], [403, "bad_jwt"]);
  }
  const anonymous = await ask("/user", {
    headers: { authorization: `Bearer ${stack.keys.publishable}` },
  });
  assert.deepEqual([anonymous.status, (await anonymous.json()).error_code], [403, "bad_jwt"]);
});

Deno.test("a token is judged by what it names, as Supabase Auth judges it, and by no more", async () => {
  const { sub, session_id, ...claims } = decodeJwt(await signIn());
  const judge = async (changes: Record<string, unknown>) => {
    const token = await new SignJWT({ ...claims, sub: String(sub), session_id, ...changes })
      .setProtectedHeader({ alg: "HS256" })
      .sign(new TextEncoder().encode(stack.keys.jwtSecret));
    const response = await ask("/user", { headers: { authorization: `Bearer ${token}` } });
    return [response.status, (await response.json()).error_code];
  };
  const graceSession = decodeJwt(await signIn(SEED_USERS.grace))["session_id"];
  const future = Math.floor(Date.now() / 1000) + 600;
  const none = "00000000-0000-0000-0000-000000000000";
  assert.deepEqual(await judge({}), [200, undefined]);
  assert.deepEqual(await judge({ session_id: none }), [200, undefined]);
  assert.deepEqual(await judge({ session_id: graceSession }), [200, undefined]);
  assert.deepEqual(await judge({ client_id: crypto.randomUUID() }), [200, undefined]);
  assert.deepEqual(await judge({ session_id: crypto.randomUUID() }), [403, "session_not_found"]);
  assert.deepEqual(await judge({ session_id: "none" }), [403, "bad_jwt"]);
  assert.deepEqual(await judge({ sub: "nobody" }), [400, "bad_jwt"]);
  assert.deepEqual(await judge({ nbf: future }), [403, "bad_jwt"]);
});

Deno.test("a token outlives neither its user nor a ban", async () => {
  const person = { email: "short@example.com", password: "long enough" };
  const id = await stack.createUser(person);
  const token = await signIn(person);
  await sql`update auth.users set banned_until = now() + interval '1 hour' where id = ${id}`;
  assert.equal(await stateOf(token), "user_banned");
  await sql`delete from auth.users where id = ${id}`;
  assert.equal(await stateOf(token), "user_not_found");
});

Deno.test("only administrators administer", async () => {
  const token = await signIn();
  const response = await ask("/admin/users", {
    method: "POST",
    headers: { authorization: `Bearer ${token}` },
    body: "{}",
  });
  assert.deepEqual([response.status, (await response.json()).error_code], [403, "not_admin"]);
});
