import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHash, createHmac } from "node:crypto";
import { readConfig } from "../../../supabase/functions/_shared/config/config.ts";
import { deriveSessionKeys } from "../../../supabase/functions/_shared/tokens/session_keys.ts";
import { ageSession } from "../../../local/testing/aging.ts";
import { readEvents } from "../../harness/session_tables.ts";
import { type Browser, codeOf, REFRESH_COOKIE, viewOf } from "./browser.ts";
import { openHttpFixture } from "./fixture.ts";
import { createProofKey } from "./proof_key.ts";
import { openTokenForge } from "./token_forge.ts";

const fixture = await openHttpFixture({ functions: ["unified-auth"] });
Deno.test.afterAll(() => fixture.close());

const { sql, stack } = fixture;
const { environment } = stack;
const { sessionSecrets, supabaseUrl } = readConfig((name) => environment[name]);
const { mac } = deriveSessionKeys(sessionSecrets, supabaseUrl).signing;
const forge = openTokenForge(stack);

/** A row as the code before version 2 wrote it: no key, no lineage. */
function writeVersion1(
  { sessionId, generation }: { readonly sessionId: string; readonly generation: number },
): string {
  const body = Buffer.concat([
    Buffer.of(1),
    Buffer.from(sessionId.replaceAll("-", ""), "hex"),
    Buffer.of(0, 0, 0, generation, 0),
    crypto.getRandomValues(Buffer.alloc(32)),
  ]);
  const tag = createHmac("sha256", mac).update(body).digest().subarray(0, 16);
  return Buffer.concat([body, tag]).toString("base64url");
}

const hash = (raw: string) => createHash("sha256").update(raw).digest();

/** A session as a deployment of version 1 left it: in its second generation, its predecessor kept. */
async function openVersion1Session() {
  const { browser, sessionId } = await fixture.signIn();
  const [predecessor, current] = [1, 2].map((generation) =>
    writeVersion1({ sessionId, generation })
  );
  assert.ok(predecessor && current);
  await sql`
    update public.sessions set
      generation = 2, branch = 0, lineage = null, key_thumbprint = null,
      refresh_token_hash = ${hash(current)},
      previous_refresh_token_hash = ${hash(predecessor)}, previous_branch = 0,
      successor_salt = ${Buffer.alloc(16)}, successor_key_id = '00000000'
    where id = ${sessionId}`;
  await ageSession(sql, sessionId, 3_700);
  browser.cookies.clear();
  browser.cookies.set(REFRESH_COOKIE, current);
  const before = browser.copy();
  before.cookies.set(REFRESH_COOKIE, predecessor);
  return { browser, before, sessionId };
}

async function livesOn(browser: Browser, sessionId: string): Promise<void> {
  for (let rotations = 0; rotations < 3; rotations++) {
    await ageSession(sql, sessionId, 3_700);
    viewOf(await browser.refresh());
  }
  const events = await readEvents(sql, sessionId);
  for (const alarm of ["reuse_detected", "key_compromise_suspected"]) {
    assert.ok(!events.includes(alarm), alarm);
  }
}

Deno.test("a session of version 1 goes on over the deploy and gets a lineage", async () => {
  const { browser, sessionId } = await openVersion1Session();
  assert.equal(viewOf(await browser.refresh()).session.generation, 3);
  const { lineage } = await fixture.readSession(sessionId);
  assert.deepEqual(
    forge.read(browser.refreshToken)?.lineage,
    new Uint8Array(lineage as Uint8Array),
  );
  await livesOn(browser, sessionId);
});

Deno.test("a session of version 1 becomes bound at its next rotation", async () => {
  const { browser, sessionId } = await openVersion1Session();
  browser.key = await createProofKey();
  const { session } = viewOf(await browser.refresh());
  assert.deepEqual({ generation: session.generation, bound: session.bound }, {
    generation: 3,
    bound: true,
  });
  await livesOn(browser, sessionId);
});

Deno.test("two tabs that refresh over the deploy get the same token", async () => {
  const { browser, sessionId } = await openVersion1Session();
  const tabs = [browser.copy(), browser.copy()];
  for (const answer of await Promise.all(tabs.map((tab) => tab.refresh()))) viewOf(answer);
  assert.equal(tabs[0]?.refreshToken, tabs[1]?.refreshToken);
  await livesOn(tabs[1] ?? browser, sessionId);
});

Deno.test("a reply that was lost before the deploy is made up for after it", async () => {
  const { before, sessionId } = await openVersion1Session();
  const { session } = viewOf(await before.refresh());
  assert.deepEqual([session.id, session.generation], [sessionId, 2]);
  await livesOn(before, sessionId);
});

Deno.test("branches from before the deploy share one lineage after it", async () => {
  const { browser, before, sessionId } = await openVersion1Session();
  viewOf(await before.refresh()); // a separate branch beside the current token
  await ageSession(sql, sessionId, 120);
  viewOf(await browser.refresh()); // superseded and open: goes on
  await livesOn(browser, sessionId);
  // The branch that lost is found, not taken for a forgery.
  assert.equal(codeOf(await before.refresh()), "refresh_token_already_used");
});

Deno.test("a copy of a token of version 1 is found as before", async () => {
  const { browser, sessionId } = await openVersion1Session();
  const thief = browser.copy();
  viewOf(await browser.refresh());
  await ageSession(sql, sessionId, 120);
  viewOf(await browser.validate());
  assert.equal(codeOf(await thief.refresh()), "refresh_token_already_used");
});
