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

const askWorker = `(kind, question = "prove") => new Promise((resolve, reject) => {
  const worker = kind === "shared" ? new SharedWorker("/worker.js").port : new Worker("/worker.js");
  worker.onmessage = ({ data }) => resolve(data);
  worker.onerror = reject;
  worker.postMessage(question);
})`;

Deno.test("two tabs and a worker have one key, which stays when the page is loaded again", () =>
  project.withStage(async (stage) => {
    const [first, second] = [await stage.open(), await stage.open()];
    const proofs = await Promise.all([
      first.evaluate<Proof>("prove()"),
      second.evaluate<Proof>("prove()"),
      second.evaluate<Proof>(`(${askWorker})("dedicated")`),
    ]);
    await first.navigate(stage.url());
    await first.waitFor("!!globalThis.prove");
    proofs.push(await first.evaluate<Proof>("prove()"));
    assert.equal(new Set(await Promise.all(proofs.map(thumbprint))).size, 1);
  }));

Deno.test("a client in a worker takes a path, and refreshes the bound session of its page", () =>
  project.withStage(async (stage) => {
    const tab = await stage.openSignedIn();
    await stage.age(4_000);
    await stage.chromium.forgetCookie(ACCESS_COOKIE);
    const { status, generation } = await tab.evaluate<{ status: string; generation: number }>(
      `(${askWorker})("dedicated", "status")`,
    );
    assert.deepEqual([status, generation], ["active", 2]);
  }));

Deno.test("tabs that make the key at once end with one, in a hundred new databases", () =>
  project.withStage(async (stage) => {
    const tabs = [await stage.open(), await stage.open()];
    for (let round = 0; round < 100; round++) {
      const proofs = await Promise.all(tabs.map((tab) => tab.evaluate<Proof>("prove()")));
      assert.equal(new Set(await Promise.all(proofs.map(thumbprint))).size, 1);
      await tabs[0]?.evaluate(DELETE_KEY);
    }
  }));

Deno.test("a shared worker is not used: WebKit gives it another IndexedDB", () =>
  project.withStage(async (stage) => {
    const tab = await stage.open();
    const proof = await tab.evaluate<Proof>(`(${askWorker})("shared")`);
    assert.deepEqual(proof, { kind: "unreadable" });
  }));

Deno.test("the stored private key gives itself away in no form", () =>
  project.withStage(async (stage) => {
    const tab = await stage.open();
    await tab.evaluate("prove().then(() => 0)");
    const refusals = await tab.evaluate<string[]>(`(async () => {
      const open = indexedDB.open("unified-auth-key", 1);
      await new Promise((done) => open.onsuccess = done);
      const [name] = open.result.objectStoreNames;
      const all = open.result.transaction(name).objectStore(name).getAll();
      await new Promise((done) => all.onsuccess = done);
      open.result.close();
      const { privateKey } = all.result[0];
      return Promise.all(["jwk", "pkcs8"].map((form) =>
        crypto.subtle.exportKey(form, privateKey).then(() => "exported", (error) => error.name)));
    })()`);
    assert.deepEqual(refusals, ["InvalidAccessError", "InvalidAccessError"]);
  }));

Deno.test("a proof takes less than 50 ms, and a cold one less than 250 ms", () =>
  project.withStage(async (stage) => {
    const tab = await stage.open();
    const time =
      "(async () => { const t = performance.now(); await prove(); return performance.now() - t })()";
    // The least of several: what else a busy machine does in between is not the proof's.
    const coldTimes = [];
    for (let round = 0; round < 5; round++) {
      coldTimes.push(await tab.evaluate<number>(time));
      await tab.evaluate(DELETE_KEY);
    }
    assert.ok(Math.min(...coldTimes) < 250, `cold: ${coldTimes.join(", ")} ms`);
    await tab.evaluate("prove().then(() => 0)");
    const times = [];
    for (let round = 0; round < 20; round++) times.push(await tab.evaluate<number>(time));
    const medianMs = times.sort((a, b) => a - b)[10] ?? NaN;
    assert.ok(medianMs < 50, `warm: ${medianMs} ms`);
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

const HOLDS: Readonly<Record<string, string>> = {
  "a deletion that another tab blocks": `new Promise((done) => {
    const open = indexedDB.open("unified-auth-key", 1);
    open.onsuccess = () => {
      globalThis.held = open.result;
      indexedDB.deleteDatabase("unified-auth-key").onblocked = () => done(0);
    };
  })`,
  "an upgrade that another tab blocks": `new Promise((done) => {
    const open = indexedDB.open("unified-auth-key", 1);
    open.onsuccess = () => {
      globalThis.held = open.result;
      indexedDB.open("unified-auth-key", 2).onblocked = () => done(0);
    };
  })`,
};
for (const [name, hold] of Object.entries(HOLDS)) {
  Deno.test(`behind ${name} a refresh is sent within four seconds, and the session is kept`, () =>
    project.withStage(async (stage) => {
      const tab = await stage.openSignedIn();
      const other = await stage.open();
      await other.evaluate(hold);
      await stage.age(3_000);
      await refreshInTime(tab);
    }));
}

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

Deno.test("a page in a cross-site frame sends no proof", () =>
  project.withStage(async (stage) => {
    const tab = await stage.open();
    const other = await stage.chromium.openTab(stage.url().replace("127.0.0.1", "localhost"));
    await other.waitFor("!!globalThis.prove");
    const framed = (of: ChromiumTab) =>
      of.evaluate<Proof>(`new Promise((done) => {
        addEventListener("message", ({ data }) => done(data.proof));
        const frame = document.createElement("iframe");
        frame.src = ${JSON.stringify(stage.url())};
        document.body.append(frame);
      })`);
    assert.equal((await framed(tab)).kind, "signed", "same site");
    assert.deepEqual(await framed(other), { kind: "unreadable" });
  }));

Deno.test("a page comes back from the back/forward cache after a proof, and hangs nobody there", () =>
  project.withStage(async (stage) => {
    const tab = await stage.openSignedIn(QUICK);
    await tab.evaluate("prove().then(() => 0)");
    await tab.evaluate("void (location.href = '/other?options=%7B%7D')");
    await tab.waitFor("location.pathname === '/other' && !!globalThis.prove");
    await tab.evaluate(DELETE_KEY);
    await tab.goBack();
    await tab.waitFor("location.pathname === '/' && !!globalThis.prove");
    const proof = await tab.evaluate<Proof>("prove()");
    assert.equal(proof.kind, "signed");
  }));

Deno.test("a sign-in binds its session, and each refresh is proven at the first try", () =>
  project.withStage(async (stage) => {
    const tab = await stage.openSignedIn();
    assert.equal(await isBound(stage), true);
    for (let generation = 2; generation <= 4; generation++) {
      await stage.age(3_000);
      stage.site.reset();
      await refreshInTime(tab);
      assert.equal(await tab.evaluate("session.getSnapshot().generation"), generation);
      assert.equal(stage.site.count("refresh"), 1);
    }
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

Deno.test("a key that was deleted while the cookies stay asks for a sign-in in place, and ends nothing", () =>
  project.withStage(async (stage) => {
    const tab = await stage.openSignedIn();
    await tab.evaluate(DELETE_KEY);
    await stage.age(4_000);
    await tab.evaluate("session.refresh().then(() => 0)");
    const { status, reason, user } = await tab.evaluate<
      { status: string; reason: string; user: { email: string } }
    >("session.getSnapshot()");
    assert.deepEqual([status, reason, user.email], ["ended", "key-lost", "ada@example.com"]);
    assert.ok(await stage.chromium.cookie(REFRESH_COOKIE), "the cookie is untouched");
    assert.equal(await isBound(stage), true, "and so is the session");
    const signedIn = await tab.evaluate<{ kind: string }>(
      "signIn('ada@example.com', 'correct-horse-battery-staple')",
    );
    assert.equal(signedIn.kind, "signed-in");
    await stage.age(3_000);
    await refreshInTime(tab);
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
