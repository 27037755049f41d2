import assert from "node:assert/strict";
import * as z from "zod";
import { pushMigrations } from "../../../local/platform/migrations.ts";
import { SEED_USERS } from "../../../local/platform/seed_users.ts";
import { ageSession } from "../../../local/testing/aging.ts";
import { startTestServer, type TestStack } from "../../../local/testing/test_server.ts";
import { LAST_MIGRATION } from "../../../supabase/functions/_shared/version.ts";
import { PROJECT } from "../../checks/check.ts";

import { type Answer, type Browser, openBrowser } from "../http/browser.ts";
import { createProofKey } from "../http/proof_key.ts";
import { openLastRelease } from "./last_release.ts";

const release = await openLastRelease();
const server = await startTestServer({ projectDirectory: release.projectDirectory });
Deno.test.afterAll(async () => {
  await server.close();
  await release[Symbol.asyncDispose]();
});

const CURRENT = { projectDirectory: PROJECT };

/** A project as the last release installed it, people with two devices each, and its upgrade. */
async function openInstalled() {
  const stack = await server.startStack({ release });
  const devices: Device[] = [];
  for (const user of [SEED_USERS.ada, SEED_USERS.grace]) {
    devices.push(await signIn(stack, user, { isBound: true }));
    devices.push(await signIn(stack, user, { isBound: false }));
  }
  const sql = stack.database.connect({ max: 1 });
  return {
    stack,
    sql,
    devices,
    migrate: () => pushMigrations({ ...CURRENT, databaseUrl: stack.database.url }),
    /** Every device uses its session as a page does after a sleep, and is signed in. */
    async useAll(): Promise<void> {
      for (const { browser, sessionId } of devices) {
        assert.equal(sessionOf(await browser.validate()).id, sessionId);
        await ageSession(sql, sessionId, 3_700);
        assert.equal(sessionOf(await browser.validate()).id, sessionId);
        const tab = browser.copy();
        sessionOf(await browser.refresh({ lost: true }));
        sessionOf(await browser.refresh());
        assert.equal(sessionOf(await tab.refresh()).id, sessionId);
      }
    },
    [Symbol.asyncDispose]: () => stack.stop(),
  };
}

/** As of any release: an earlier one may not know a field that was added since. */
const sessionBody = z.object({ session: z.object({ id: z.string(), bound: z.boolean() }) });

function sessionOf(answer: Answer) {
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return sessionBody.parse(answer.body).session;
}

interface Device {
  readonly browser: Browser;
  readonly sessionId: string;
}

async function signIn(
  { functionsUrl }: TestStack,
  user: { readonly email: string; readonly password: string },
  { isBound }: { readonly isBound: boolean },
): Promise<Device> {
  const browser = openBrowser({ functionsUrl, key: isBound ? await createProofKey() : null });
  const { email, password } = user;
  const session = sessionOf(
    await browser.call("/unified-auth/login", { body: { email, password } }),
  );
  assert.equal(session.bound, isBound);
  return { browser, sessionId: session.id };
}

async function health({ functionsUrl }: TestStack): Promise<readonly unknown[]> {
  const answer = await fetch(`${functionsUrl}/unified-auth/health`);
  const { database } = await answer.json();
  return [answer.status, database];
}

Deno.test("who signed in with the last release is signed in after its upgrade: migrations, then functions", async () => {
  await using installed = await openInstalled();
  const { stack, devices } = installed;
  await installed.useAll();

  await installed.migrate();
  await installed.useAll(); // the functions of the last release
  await stack.deploy(CURRENT);
  assert.deepEqual(await health(stack), [200, "ready"]);
  await installed.useAll();

  for (const { browser, sessionId } of devices) {
    const { status, body } = await browser.call("/unified-auth/sessions", { method: "GET" });
    assert.equal(status, 200);
    const listed = body["sessions"] as readonly { readonly id: string }[];
    assert.ok(listed.some(({ id }) => id === sessionId));
  }
  for (const { browser } of devices) {
    assert.deepEqual((await browser.logout()).body, { signed_out: true, sessions_ended: 1 });
    assert.equal((await browser.validate()).status, 401);
  }
});

Deno.test("functions that come before their migrations sign nobody out, and health says what is missing", async () => {
  await using installed = await openInstalled();
  const { stack } = installed;
  await stack.deploy(CURRENT);
  const [before, now] = await Promise.all(
    [release.projectDirectory, PROJECT].map((directory) => listMigrations(directory)),
  );
  // Just after a release there is no later migration yet.
  const isOutdated = before?.at(-1) !== now?.at(-1);
  assert.deepEqual(await health(stack), isOutdated ? [503, "outdated"] : [200, "ready"]);
  await installed.useAll();

  await installed.migrate();
  assert.deepEqual(await health(stack), [200, "ready"]);
  await installed.useAll();
});

Deno.test("an upgrade can be taken back: the functions of the last release know the sessions of this one", async () => {
  await using installed = await openInstalled();
  const { stack, devices } = installed;
  await installed.migrate();
  await stack.deploy(CURRENT);
  devices.push(await signIn(stack, SEED_USERS.ada, { isBound: true }));
  devices.push(await signIn(stack, SEED_USERS.grace, { isBound: false }));
  await stack.deploy(release);
  await installed.useAll();
});

Deno.test("no migration of the last release has been edited since", async () => {
  for (const name of await listMigrations(release.projectDirectory)) {
    const [released, now] = await Promise.all(
      [release.projectDirectory, PROJECT].map((directory) =>
        Deno.readTextFile(`${directory}/supabase/migrations/${name}`)
      ),
    );
    assert.equal(now, released, `${name} is released: add a migration instead`);
  }
});

Deno.test("the database and the functions both know the last migration", async () => {
  const [last] = (await listMigrations(PROJECT)).toReversed();
  assert.equal(String(LAST_MIGRATION), last?.slice(0, 14));
  await using database = await server.createDatabase();
  await pushMigrations({ ...CURRENT, databaseUrl: database.url });
  const [row] = await database.connect({ max: 1 })`
    select public.unified_auth_last_migration() as last`;
  assert.equal(row?.["last"], String(LAST_MIGRATION));
});

async function listMigrations(projectDirectory: string): Promise<readonly string[]> {
  const entries = await Array.fromAsync(Deno.readDir(`${projectDirectory}/supabase/migrations`));
  return entries.map(({ name }) => name).sort();
}
