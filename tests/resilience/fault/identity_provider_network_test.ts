import assert from "node:assert/strict";
import { SEED_USERS } from "../../../local/platform/seed_users.ts";
import { openTestServer } from "../../../local/testing/test_server.ts";
import { openBrowser, viewOf } from "../../behaviour/http/browser.ts";
import { signInToSupabaseAuth } from "../../behaviour/http/people.ts";
import { assertRefused } from "../../behaviour/http/refusal.ts";
import { startFaultyStack } from "./faulty_stack.ts";
import type { NetworkFault } from "../../harness/faulty_proxy.ts";

const LIMIT_MS = 9_000;

/** A step's open resources are the stack's, and end with it: the test itself is checked for leaks. */
const LEFT_OPEN = { sanitizeOps: false, sanitizeResources: false };

const FAULTS: Readonly<Record<string, NetworkFault>> = {
  "a reply cut off before its first byte": { kind: "truncate", bytes: 0 },
  "a reply cut off in its status line": { kind: "truncate", bytes: 7 },
  "a reply cut off in its headers": { kind: "truncate", bytes: 90 },
  "a reply cut off in its body": { kind: "truncate", bytes: 700 },
  "a request that never arrives": { kind: "drop" },
  "a reply held back past the time limit": { kind: "delay", milliseconds: 60_000 },
};

Deno.test("whatever the network does to the identity provider, nobody is refused and no cookie is touched", async (test) => {
  await using server = await openTestServer();
  await using network = await startFaultyStack(server, { functions: ["unified-auth"] });
  const { stack, project } = network;
  const browser = openBrowser(stack);
  const { session } = await browser.login(SEED_USERS.ada);
  const { email, password } = SEED_USERS.grace;
  const supabase_access_token = await signInToSupabaseAuth(network, SEED_USERS.grace);
  const signIns = (jar = browser) =>
    [{ email, password }, { supabase_access_token }].map((body) =>
      jar.call("/unified-auth/login", { body })
    );

  async function meet(fault: NetworkFault, what: string): Promise<void> {
    project.setFault({ ...fault, when: / \/auth\/v1\/(?:token|user)/ });
    const jar = [...browser.cookies];
    const startedAt = performance.now();
    for (const answer of await Promise.all(signIns())) {
      assertRefused(answer, "service_unavailable", what);
      assert.match(answer.headers.get("retry-after") ?? "", /^[1-9]\d*$/);
    }
    const elapsedMs = performance.now() - startedAt;
    assert.ok(elapsedMs < LIMIT_MS, `${Math.round(elapsedMs)} ms`);
    assert.deepEqual([...browser.cookies], jar);
    assert.equal(viewOf(await browser.validate()).session.id, session.id);
  }

  for (const [what, fault] of Object.entries(FAULTS)) {
    await test.step({ name: what, ...LEFT_OPEN, fn: () => meet(fault, what) });
  }

  await test.step({
    name: "a request that arrives twice signs in once",
    ...LEFT_OPEN,
    async fn() {
      const sql = stack.database.connect({ max: 1 });
      const met = project.met;
      project.setFault({ kind: "duplicate", when: / \/auth\/v1\/(?:token|user)/ });
      const newcomer = openBrowser(stack);
      for (const answer of await Promise.all(signIns(newcomer))) {
        assert.equal(viewOf(answer).user.id, SEED_USERS.grace.id);
      }
      assert.equal(project.met, met + 2);
      const [sessions] = await sql`
        select count(*)::int as count from public.sessions where user_id = ${SEED_USERS.grace.id}`;
      assert.equal(sessions?.["count"], 2);
    },
  });

  await test.step("well again: nothing was counted as a failed sign-in", async () => {
    project.setFault(null);
    const sql = stack.database.connect({ max: 1 });
    const events = await sql`select 1 from public.session_events where event = 'login_failed'`;
    assert.equal(events.length, 0);
    assert.equal((await browser.login(SEED_USERS.ada)).valid, true);
    await sql.end();
  });
});
