/**
 * Scenarios in which the browser's key is hidden for a while, or lost, in each engine.
 *
 * @module
 */

import assert from "node:assert/strict";
import { SEED_USERS } from "../../../local/platform/seed_users.ts";
import type { Tab } from "../../harness/browser/tab.ts";
import { CLEARING_PATH } from "../../harness/driven/site.ts";
import {
  DATABASE,
  DELETE_KEY,
  inNewBrowser,
  keyOf,
  makeFolder,
  refreshAndRotate,
  refreshInTime,
  withDatabase,
} from "./key_actions.ts";
import { FAULTY_STORE, type KeyFault } from "./key_faults.ts";
import { type Harness, type Scenario, STATUS } from "./scenario.ts";

/** How another tab makes everybody wait, for as long as it likes. */
const HOLDS: Readonly<Record<string, string>> = {
  "a deletion that another tab blocks": withDatabase(`
    globalThis.held = database;
    indexedDB.deleteDatabase(${DATABASE}).onblocked = () => done(0);`),
  "an upgrade that another tab blocks": withDatabase(`
    globalThis.held = database;
    indexedDB.open(${DATABASE}, 2).onblocked = () => done(0);`),
  "a transaction that another tab keeps running": withDatabase(`
    const [name] = database.objectStoreNames;
    const store = database.transaction(name, "readwrite").objectStore(name);
    const spin = () => { store.get("nothing").onsuccess = spin; };
    spin();
    done(0);`),
};

const HANGS: readonly Scenario[] = Object.entries(HOLDS).map(([name, hold]) => ({
  rule: `behind ${name} a refresh is sent within four seconds, and the session is kept`,
  run: async (harness) => {
    const tab = await harness.openSignedIn();
    const other = await harness.open();
    await other.evaluate(hold);
    await refreshInTime(tab, harness);
  },
}));

/** Faults that hide the key of a session that is bound to it. */
const HIDING: readonly KeyFault[] = [
  "the store never opens",
  "the store cannot be opened, as on a full disk",
  "opening the store throws",
  "reading never answers",
  "reading throws",
  "reading gives null",
  "signing fails",
];

const FAILURES: readonly Scenario[] = [
  ...HIDING.map((fault): Scenario => ({
    rule: `${fault}: the session is kept, and refreshed with the same key afterwards`,
    run: async (harness) => {
      const tab = await harness.openSignedIn({ script: FAULTY_STORE });
      const key = await keyOf(tab);
      await tab.evaluate(`void (fault = ${JSON.stringify(fault)})`);
      await refreshInTime(tab, harness);
      await tab.evaluate("void (fault = null)");
      await tab.evaluate("letGo()");
      assert.equal(await keyOf(tab), key);
      // A page that the engine takes for hidden does not retry automatically.
      await tab.evaluate("session.refresh().then(() => 0)");
      await tab.waitFor('session.getSnapshot().activity === "idle"');
      await refreshAndRotate(tab, harness);
    },
  })),

  ...(["storing throws", "what was stored comes back as null"] satisfies KeyFault[]).map((
    fault,
  ): Scenario => ({
    rule: `${fault}: a sign-in is complete, its session is not bound, and it refreshes`,
    run: async (harness) => {
      const tab = await harness.open({
        script: `${FAULTY_STORE} fault = ${JSON.stringify(fault)};`,
      });
      await harness.signIn(tab);
      assert.equal(await harness.isBound(), false);
      await refreshAndRotate(tab, harness);
    },
  })),

  {
    rule: "a store that opens after the client has given up is closed at once",
    run: async ({ open }) => {
      const tab = await open({ script: FAULTY_STORE });
      await keyOf(tab);
      const fault: KeyFault = "the store opens when it is too late";
      await tab.evaluate(`void (fault = ${JSON.stringify(fault)})`);
      assert.deepEqual(await tab.evaluate("prove()"), { kind: "unreadable" });
      await tab.evaluate("void (fault = null)");
      await tab.evaluate("letGo()");
      assert.equal(await tab.evaluate(DELETE_KEY), "deleted");
    },
  },

  {
    rule: "after a proof no connection is left that would block another tab's deletion",
    run: async ({ open }) => {
      const [tab, other] = [await open(), await open()];
      await keyOf(tab);
      assert.equal(await other.evaluate(DELETE_KEY), "deleted");
    },
  },

  {
    rule: "a store of a newer version hides the key: nobody is signed out, a sign-in replaces it",
    run: async (harness) => {
      const tab = await harness.openSignedIn();
      await tab.evaluate(`new Promise((done) => {
        const request = indexedDB.open(${DATABASE}, 2);
        request.onsuccess = () => { request.result.close(); done(0); };
      })`);
      assert.deepEqual(await tab.evaluate("prove()"), { kind: "unreadable" });
      await refreshInTime(tab, harness);
      await harness.signIn(tab);
      assert.equal(await harness.isBound(), true);
      await refreshAndRotate(tab, harness);
    },
  },
];

const LOSSES: Readonly<Record<string, (tab: Tab, harness: Harness) => Promise<unknown>>> = {
  "a key that was deleted": (tab) => tab.evaluate(DELETE_KEY),
  'a key that `Clear-Site-Data: "storage"` took from the open page': (tab) =>
    tab.evaluate(`fetch(${JSON.stringify(CLEARING_PATH)}).then((reply) => reply.text())`),
};

const LOST_KEY: readonly Scenario[] = [
  ...Object.entries(LOSSES).map(([name, lose]): Scenario => ({
    rule: `${name} asks for a sign-in in place, and the session is not ended on the server`,
    run: async (harness) => {
      const tab = await harness.openSignedIn();
      const key = await keyOf(tab);
      await lose(tab, harness);
      await harness.age(4_000);
      await tab.evaluate("session.refresh().then(() => 0)");
      const { status, reason, user } = await tab.evaluate<
        { status: string; reason: string; user: { email: string } }
      >("session.getSnapshot()");
      assert.deepEqual([status, reason, user.email], ["ended", "key-lost", SEED_USERS.ada.email]);
      assert.ok(await harness.refreshCookie(), "the cookie is untouched");
      assert.equal(await harness.isBound(), true);
      await harness.signIn(tab);
      assert.notEqual(await keyOf(tab), key);
      await refreshAndRotate(tab, harness);
    },
  })),

  {
    rule: "a store whose files were damaged ends no session, and the next sign-in binds again",
    differing: { webkit: "✓; until then the key is unreadable, in the others it is lost" },
    run: async (harness) => {
      await using folder = await makeFolder();
      const options = { profileFolder: folder.path };
      const key = await inNewBrowser(harness, options, async (tab) => {
        await harness.signIn(tab);
        return await keyOf(tab);
      });
      assert.ok(await damageFiles(folder.path, /IndexedDB|\/idb\//i) > 0);
      await inNewBrowser(harness, options, async (tab) => {
        assert.equal(await tab.evaluate(STATUS), "active");
        const isReadable = harness.engine !== "webkit";
        if (isReadable) assert.notEqual(await keyOf(tab), key);
        else assert.deepEqual(await tab.evaluate("prove()"), { kind: "unreadable" });
        assert.equal(await harness.isBound(), true);
        await harness.signIn(tab);
        await refreshAndRotate(tab, harness);
      });
    },
  },

  {
    rule: "a page that the history brings back after another tab deleted the key hangs nowhere",
    run: async ({ open, url }) => {
      const [tab, other] = [await open(), await open()];
      await keyOf(tab);
      await tab.navigate(url().replace("/?", "/elsewhere?"));
      await other.evaluate(DELETE_KEY);
      await tab.goBack();
      await tab.waitFor("location.pathname === '/' && !!globalThis.prove");
      assert.equal(await keyOf(tab), await keyOf(other));
    },
  },
];

export const KEY_STORE_SCENARIOS: readonly Scenario[] = [...HANGS, ...FAILURES, ...LOST_KEY];

/** Writes over every file below `folder` whose path matches; how many there were. */
async function damageFiles(folder: string, pattern: RegExp): Promise<number> {
  let damaged = 0;
  for await (const { name, isDirectory, isFile } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) damaged += await damageFiles(path, pattern);
    if (!isFile || !pattern.test(path)) continue;
    await Deno.writeTextFile(path, "damaged ".repeat(1_000));
    damaged++;
  }
  return damaged;
}
