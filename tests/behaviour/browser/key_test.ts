import assert from "node:assert/strict";
import type { Proof } from "../../../client/src/key/prover.ts";
import type { ChromiumTab } from "../../harness/browser/chromium_profile.ts";
import { verifyProof } from "../../unit/client/key_fixture.ts";
import { ACCESS_COOKIE, REFRESH_COOKIE } from "../http/browser.ts";
import { openStagedProject, QUICK, SHORT_LIVED, type Stage } from "./scenario.ts";

const project = await openStagedProject();
const shortLived = await openStagedProject(SHORT_LIVED);
Deno.test.afterAll(async () => {
  await project.close();
  await shortLived.close();
});

const thumbprint = async (proof: Proof): Promise<string> => (await verifyProof(proof)).thumbprint;

/** Keeps the proofs of all requests that arrive from now on; null for a request without one. */
function keepProofs({ site }: Stage): (string | null)[] {
  const proofs: (string | null)[] = [];
  site.setFate((reply, request) => {
    proofs.push(request.headers.get("dpop"));
    return reply;
  });
  return proofs;
}

/** Refreshes, and asserts that it took less than four seconds and that the session stands. */
async function refreshInTime(tab: ChromiumTab): Promise<void> {
  const since = performance.now();
  await tab.evaluate("session.refresh().then(() => 0)");
  const elapsedMs = performance.now() - since;
  assert.ok(elapsedMs < 4_000, `took ${elapsedMs} ms`);
  assert.equal(await tab.evaluate("session.getSnapshot().status"), "active");
}

const DELETE_KEY = `new Promise((done) => {
  indexedDB.deleteDatabase("unified-auth-key").onsuccess = () => done(0);
})`;

/** Of the one session of the stack: whether it is bound. */
async function isBound({ sql }: Stage): Promise<boolean> {
  const rows = await sql`
    select s.key_thumbprint is not null as is_bound from public.sessions as s where s.is_valid`;
  assert.equal(rows.length, 1);
  return rows[0]?.["is_bound"];
}

const STATUS_OF_WORKER = `new Promise((resolve, reject) => {
  const worker = new Worker("/worker.js");
  worker.onmessage = ({ data }) => resolve(data);
  worker.onerror = reject;
  worker.postMessage("status");
})`;

Deno.test("a client in a worker takes a path, and refreshes the bound session of its page", () =>
  project.withStage(async (stage) => {
    const tab = await stage.openSignedIn();
    await stage.age(4_000);
    await stage.chromium.forgetCookie(ACCESS_COOKIE);
    const { status, generation } = await tab.evaluate<{ status: string; generation: number }>(
      STATUS_OF_WORKER,
    );
    assert.deepEqual([status, generation], ["active", 2]);
  }));

Deno.test("a proof for which the key is made first takes less than 250 ms", () =>
  project.withStage(async (stage) => {
    const tab = await stage.open();
    const time =
      "(async () => { const t = performance.now(); await prove(); return performance.now() - t })()";
    // The least of several: what else a busy machine does in between is not the proof's.
    const times = [];
    for (let round = 0; round < 5; round++) {
      times.push(await tab.evaluate<number>(time));
      await tab.evaluate(DELETE_KEY);
    }
    assert.ok(Math.min(...times) < 250, `${times.join(", ")} ms`);
  }));

Deno.test("where storage is blocked, sign-in and refresh work without a key and without a complaint", () =>
  project.withStage(async (stage) => {
    const script = `
      globalThis.complaints = [];
      addEventListener("error", ({ message }) => complaints.push(message));
      addEventListener("unhandledrejection", ({ reason }) => complaints.push(String(reason)));
      console.error = (...words) => complaints.push(words.join(" "));
      const refuse = () => { throw new DOMException("The operation is insecure.", "SecurityError") };
      for (const name of ["indexedDB", "localStorage"]) {
        Object.defineProperty(globalThis, name, { get: refuse });
      }`;
    const proofs = keepProofs(stage);
    const tab = await stage.openSignedIn({}, script);
    await stage.age(3_000);
    await refreshInTime(tab);
    assert.deepEqual(new Set(proofs), new Set([null]));
    assert.equal(await isBound(stage), false);
    assert.deepEqual(await tab.evaluate("complaints"), []);
  }));

Deno.test("behind a frozen tab with a running transaction a refresh is sent within four seconds", () =>
  project.withStage(async (stage) => {
    const tab = await stage.openSignedIn();
    const before = await thumbprint(await tab.evaluate<Proof>("prove()"));
    const other = await stage.open();
    await other.evaluate(`new Promise((done) => {
      const open = indexedDB.open("unified-auth-key", 1);
      open.onsuccess = () => {
        const [name] = open.result.objectStoreNames;
        const store = open.result.transaction(name, "readwrite").objectStore(name);
        const spin = () => void (store.get("nothing").onsuccess = spin);
        spin();
        done(0);
      };
    })`);
    await other.freeze();
    await stage.age(3_000);
    await refreshInTime(tab);
    await other.close();
    await tab.waitFor("prove().then(({ kind }) => kind === 'signed')");
    assert.equal(await thumbprint(await tab.evaluate<Proof>("prove()")), before);
  }));

Deno.test("a session that began without a key is bound at its first refresh", () =>
  project.withStage(async (stage) => {
    const tab = await stage.open();
    // As a redirect does it, or a version of the client before there was a key.
    await tab.evaluate(`fetch("/functions/v1/unified-auth/login", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        email: "ada@example.com",
        password: "correct-horse-battery-staple",
      }),
    }).then(({ status }) => status)`);
    assert.equal(await isBound(stage), false);
    await tab.navigate(stage.url());
    await tab.waitFor("globalThis.session?.status === 'active'");
    await stage.age(3_000);
    await refreshInTime(tab);
    assert.equal(await isBound(stage), true);
  }));

Deno.test("a copied cookie gets nothing, and its owner notices nothing", () =>
  project.withStage(async (stage) => {
    const tab = await stage.openSignedIn();
    await stage.age(4_000);
    const copied = await stage.chromium.cookie(REFRESH_COOKIE);
    for (const route of ["refresh", "validate"]) {
      const reply = await fetch(`${stage.stack.functionsUrl}/unified-auth/${route}`, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          "cookie": `${REFRESH_COOKIE}=${copied}`,
        },
        body: "{}",
      });
      assert.equal(reply.status, 401);
      assert.equal((await reply.json()).code, "proof_required");
      assert.deepEqual(reply.headers.getSetCookie(), []);
    }
    await refreshInTime(tab);
    assert.equal(await tab.evaluate("session.getSnapshot().generation"), 2);
  }));

Deno.test("five tabs of a bound session that wake at once stay signed in, locks or not", () =>
  shortLived.withStage(async (stage) => {
    for (const script of ["", "delete Navigator.prototype.locks;"]) {
      const tabs = [await stage.openSignedIn(QUICK, script)];
      while (tabs.length < 5) tabs.push(await stage.open(QUICK, script));
      await stage.chromium.sleep(5_000);
      for (const tab of tabs) {
        await tab.waitFor("session.status === 'active' && session.getSnapshot().canMutate");
        assert.equal(await tab.evaluate("events.includes('session-ended')"), false);
      }
      await Promise.all(tabs.map((tab) => tab.close()));
    }
  }));

Deno.test("two tabs with two user agents whose refreshes cross stay signed in", () =>
  project.withStage(async (stage) => {
    // Neither knows of the other: the server alone keeps the peace.
    const script = `
      delete Navigator.prototype.locks;
      delete globalThis.BroadcastChannel;
      Object.defineProperty(globalThis, "localStorage", { get() { throw new Error("blocked") } });`;
    const first = await stage.openSignedIn({}, script);
    const second = await stage.open({}, script);
    await second.setUserAgent("Mozilla/5.0 (iPhone; CPU iPhone OS 26_0 like Mac OS X) Mobile");
    for (let round = 0; round < 4; round++) {
      await stage.age(3_000);
      const held: (() => void)[] = [];
      const both = Promise.withResolvers<void>();
      stage.site.reset();
      stage.site.setFate(async (reply, request) => {
        if (!request.url.endsWith("/refresh")) return reply;
        await new Promise<void>((resolve) => {
          held.push(resolve);
          if (held.length === 2) both.resolve();
        });
        return reply;
      });
      const refreshes = [first, second].map((tab) =>
        tab.evaluate("session.refresh().then(({ status }) => status)")
      );
      await both.promise;
      stage.site.setFate(null);
      // The reply that was made last arrives first.
      for (const release of held.reverse()) {
        release();
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      assert.deepEqual(await Promise.all(refreshes), ["active", "active"]);
    }
    await stage.chromium.forgetCookie(ACCESS_COOKIE);
    for (const tab of [first, second]) {
      assert.equal(await tab.evaluate("session.check().then(({ status }) => status)"), "active");
    }
  }));
