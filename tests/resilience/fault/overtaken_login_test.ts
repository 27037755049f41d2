import assert from "node:assert/strict";
import { SEED_USERS } from "../../../local/platform/seed_users.ts";
import { openTestServer } from "../../../local/testing/test_server.ts";
import { openBrowser, viewOf } from "../../behaviour/http/browser.ts";
import { changeUser, signInToSupabaseAuth } from "../../behaviour/http/people.ts";
import { assertRefused } from "../../behaviour/http/refusal.ts";
import { startFaultyProject } from "./faulty_provider.ts";

const { id, email, password } = SEED_USERS.ada;

Deno.test("a login that a new password overtakes is refused, and leaves no session of the old one", async (test) => {
  await using server = await openTestServer();
  await using stack = await server.startStack({ functions: [] });
  await using project = await startFaultyProject(stack, { onLine: () => {} });
  const sql = stack.database.connect({ max: 1 });
  const browser = openBrowser(project);

  /** Supabase Auth answers; before the function hears it, the owner has another password. */
  const overtake = (path: string, newPassword: string) =>
    project.setFault(async (request) => {
      const { pathname, search } = new URL(request.url);
      if (!pathname.endsWith(path)) return null;
      project.setFault(null);
      const answer = await fetch(`${stack.baseUrl}${pathname}${search}`, request);
      await changeUser({ stack }, { id }, { password: newPassword });
      return answer;
    });
  const countLive = async () => {
    const [row] = await sql`select count(*)::int as live from public.sessions where is_valid`;
    return row?.["live"];
  };

  await test.step("by password: as with a wrong one", async () => {
    overtake("/token", "a-second-password");
    const answer = await browser.call("/unified-auth/login", { body: { email, password } });
    assertRefused(answer, "invalid_credentials");
    assert.equal(await countLive(), 0);
    const [charged] =
      await sql`select round(max(failures))::int as failures from unified_auth.login_throttle`;
    assert.equal(charged?.["failures"], 1);
  });

  await test.step("by password, where Supabase Auth opens its session after the change", async () => {
    // As it does when the password changes between its check and the session of the answer.
    project.setFault(async (request) => {
      const { pathname, search } = new URL(request.url);
      if (!pathname.endsWith("/token")) return null;
      project.setFault(null);
      const answer = await fetch(`${stack.baseUrl}${pathname}${search}`, request);
      const opened = await sql`select s.* from auth.sessions as s where s.user_id = ${id}`;
      await changeUser({ stack }, { id }, { password: "a-second-password-too" });
      const admin = stack.database.connectAs("supabase_auth_admin", { max: 1 });
      await admin`insert into auth.sessions ${admin(opened)}`;
      return answer;
    });
    const body = { email, password: "a-second-password" };
    assertRefused(await browser.call("/unified-auth/login", { body }), "invalid_credentials");
    assert.equal(await countLive(), 0);
  });

  await test.step("by exchange: as with a token that was signed out", async () => {
    const token = await signInToSupabaseAuth({ stack }, {
      email,
      password: "a-second-password-too",
    });
    overtake("/user", "a-third-password");
    const body = { supabase_access_token: token };
    assertRefused(await browser.call("/unified-auth/login", { body }), "bad_jwt");
    assert.equal(await countLive(), 0);
  });

  await test.step("the new password signs in", async () => {
    const body = { email, password: "a-third-password" };
    assert.equal(viewOf(await browser.call("/unified-auth/login", { body })).user.id, id);
  });
});
