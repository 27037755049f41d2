/**
 * Who shares the browser's key in each engine, and where there is none.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Tab } from "../../harness/browser/tab.ts";
import type { Proof } from "../../../client/src/key/prover.ts";
import { startTcpRelay, type TcpRelay } from "../../harness/tcp_relay.ts";
import {
  DELETE_KEY,
  inNewBrowser,
  KEY_OF_TAB,
  keyOf,
  makeFolder,
  refreshAndRotate,
  withDatabase,
} from "./key_actions.ts";
import { type Harness, type Scenario, STATUS } from "./scenario.ts";

const askWorker = (kind: "dedicated" | "service" | "shared") =>
  `(async () => {
    const script = "/worker.js";
    const answer = (port) => new Promise((resolve) => port.onmessage = ({ data }) => resolve(data));
    if (${kind === "service"}) {
      await navigator.serviceWorker.register(script);
      const { active } = await navigator.serviceWorker.ready;
      active.postMessage("prove");
      return await answer(navigator.serviceWorker);
    }
    const port = ${kind === "shared"} ? new SharedWorker(script).port : new Worker(script);
    port.postMessage("prove");
    return await answer(port);
  })()`;

const COMPLAINTS = `
  globalThis.complaints = [];
  addEventListener("error", ({ message }) => complaints.push(message));
  addEventListener("unhandledrejection", ({ reason }) => complaints.push(String(reason)));
  console.error = (...words) => complaints.push(words.join(" "));`;

const ROUNDS = 50;

const SHARED_KEY: readonly Scenario[] = [
  {
    rule: "a sign-in binds its session to the key, and each refresh is proven at the first try",
    run: async (harness) => {
      const tab = await harness.openSignedIn();
      assert.equal(await harness.isBound(), true);
      for (let time = 0; time < 3; time++) {
        harness.site.reset();
        await refreshAndRotate(tab, harness);
        assert.equal(harness.site.count("refresh"), 1);
      }
    },
  },

  {
    rule: "a page that is loaded again has the same key, and so have other tabs",
    run: async ({ open, url }) => {
      const tab = await open();
      const key = await keyOf(tab);
      await tab.navigate(url());
      await tab.waitFor("!!globalThis.prove");
      assert.equal(await keyOf(tab), key);
      assert.equal(await keyOf(await open()), key);
    },
  },

  {
    rule: "a browser that is started again has the same key, and its session goes on",
    run: async (harness) => {
      await using folder = await makeFolder();
      const options = { profileFolder: folder.path };
      const first = await inNewBrowser(harness, options, async (tab) => {
        await harness.signIn(tab);
        return await keyOf(tab);
      });
      const second = await inNewBrowser(harness, options, async (tab) => {
        assert.equal(await tab.evaluate(STATUS), "active");
        await refreshAndRotate(tab, harness);
        return await keyOf(tab);
      });
      assert.equal(second, first);
    },
  },

  {
    rule: "a browser that is killed right after it made its key has it when it is started again",
    run: async (harness) => {
      await using folder = await makeFolder();
      const options = { profileFolder: folder.path };
      const first = await inNewBrowser(harness, options, async (tab, browser) => {
        const key = await keyOf(tab);
        await browser.kill();
        return key;
      });
      assert.equal(await inNewBrowser(harness, options, keyOf), first);
    },
  },

  {
    rule: `two tabs and a worker that make the key at once end with one, ${ROUNDS} times`,
    run: async ({ open }) => {
      const [leader, follower] = [await open(), await open()];
      await follower.evaluate(`void (() => {
        const channel = new BroadcastChannel("rounds");
        channel.onmessage = async () => channel.postMessage(await ${KEY_OF_TAB});
      })()`);
      const different = await leader.evaluate<number>(`(async () => {
        const channel = new BroadcastChannel("rounds");
        const worker = new Worker("/worker.js");
        const answer = (port) => new Promise((resolve) => port.onmessage = ({ data }) => resolve(data));
        let different = 0;
        for (let round = 0; round < ${ROUNDS}; round++) {
          channel.postMessage("go");
          worker.postMessage("prove");
          const [mine, peers, workers] =
            await Promise.all([${KEY_OF_TAB}, answer(channel), answer(worker)]);
          if (mine !== peers || mine !== workers.jwt.split(".")[0]) different++;
          await ${DELETE_KEY};
        }
        return different;
      })()`);
      assert.equal(different, 0);
    },
  },

  {
    rule: "a dedicated worker and a service worker have the key of their page",
    run: async ({ open }) => {
      const tab = await open();
      const key = await keyOf(tab);
      for (const kind of ["dedicated", "service"] as const) {
        const proof = await tab.evaluate<Proof>(askWorker(kind));
        assert.equal(proof.kind, "signed", kind);
        assert.equal(proof.kind === "signed" && proof.jwt.split(".")[0], key, kind);
      }
    },
  },

  {
    rule: "a shared worker uses no key: WebKit gives it another IndexedDB",
    run: async ({ open }) => {
      const tab = await open();
      assert.deepEqual(await tab.evaluate(askWorker("shared")), { kind: "unreadable" });
    },
  },

  {
    rule: "the stored private key is exported in no form, nor is a structured clone of it",
    run: async ({ open }) => {
      const tab = await open();
      await keyOf(tab);
      const exported = await tab.evaluate<string[]>(withDatabase(`
        const [name] = database.objectStoreNames;
        database.transaction(name).objectStore(name).getAll().onsuccess = async ({ target }) => {
          database.close();
          const { privateKey } = target.result[0];
          const forms = [privateKey, structuredClone(privateKey)].flatMap((key) =>
            ["jwk", "pkcs8"].map((form) => crypto.subtle.exportKey(form, key)));
          done((await Promise.allSettled(forms))
            .map(({ status, reason }) => reason?.name ?? status));
        };`));
      assert.deepEqual(new Set(exported), new Set(["InvalidAccessError"]));
    },
  },

  {
    rule: "a proof of a page that has made one takes less than 50 ms",
    run: async ({ open }) => {
      const tab = await open();
      await keyOf(tab);
      const medianMs = await tab.evaluate<number>(`(async () => {
        const times = [];
        for (let round = 0; round < 21; round++) {
          const since = performance.now();
          await prove();
          times.push(performance.now() - since);
        }
        return times.sort((a, b) => a - b)[10];
      })()`);
      assert.ok(medianMs < 50, `${medianMs} ms`);
    },
  },

  {
    rule: "a private window binds its session, and both it and the key are gone with the window",
    isPrivate: true,
    run: async ({ open, openSignedIn, isBound, openAnotherProfile }) => {
      const key = await keyOf(await openSignedIn());
      assert.equal(await isBound(), true);
      await openAnotherProfile();
      const tab = await open();
      assert.equal(await tab.evaluate(STATUS), "signed-out");
      assert.notEqual(await keyOf(tab), key);
    },
  },
];

/** No name of this machine, so that no browser takes it for a secure context. */
const PLAIN_ORIGIN = "http://app.test";

/** The stack at another port. */
function relayTo({ stack }: Harness): TcpRelay {
  return startTcpRelay(() => Number(new URL(stack.baseUrl).port), () => ({
    fromClient: (bytes) => bytes,
    fromServer: (bytes) => bytes,
  }));
}

const NO_KEY: readonly Scenario[] = [
  {
    rule: "a page in a cross-site frame sends no proof, and one in a same-site frame does",
    run: async ({ open, url, stack }) => {
      const framed = (tab: Tab) =>
        tab.evaluate<string>(`new Promise((done) => {
          addEventListener("message", ({ data }) => done(data.proof.kind));
          const frame = document.createElement("iframe");
          frame.src = ${JSON.stringify(url())};
          document.body.append(frame);
        })`);
      assert.equal(await framed(await open()), "signed");
      const baseUrl = stack.baseUrl.replace("127.0.0.1", "localhost");
      assert.equal(await framed(await open({ baseUrl })), "unreadable");
    },
  },

  {
    rule: "on plain http of another host there is no key, no complaint, and refreshing works",
    environment: { SESSION_COOKIE_PREFIX: "", SESSION_ALLOWED_ORIGINS: PLAIN_ORIGIN },
    run: async (harness) => {
      await using proxy = relayTo(harness);
      const page = { baseUrl: PLAIN_ORIGIN, script: COMPLAINTS };
      await inNewBrowser(harness, { proxyPort: proxy.port, page }, async (tab) => {
        assert.equal(await tab.evaluate("isSecureContext"), false);
        await harness.signIn(tab);
        assert.equal(await harness.isBound(), false);
        await refreshAndRotate(tab, harness);
        assert.deepEqual(await tab.evaluate("complaints"), []);
      });
    },
  },

  {
    rule: "where site data is blocked there is no key, and no complaint",
    differing: { webkit: "blocks cookies alone: there is a key" },
    blocksSiteData: true,
    run: async ({ engine, open }) => {
      const tab = await open({ script: COMPLAINTS });
      const { kind } = await tab.evaluate<Proof>("prove()");
      assert.equal(kind, engine === "webkit" ? "signed" : "unreadable");
      assert.deepEqual(await tab.evaluate("complaints"), []);
    },
  },

  {
    rule: "two ports with one cookie have two keys, and neither signs the other out",
    run: async (harness) => {
      await using relay = relayTo(harness);
      const tab = await harness.openSignedIn();
      const other = await harness.open({ baseUrl: `http://127.0.0.1:${relay.port}` });
      await harness.age(3_000);
      await other.evaluate("session.refresh().then(() => 0)");
      await refreshAndRotate(tab, harness);
    },
  },
];

export const KEY_SHARING_SCENARIOS: readonly Scenario[] = [...SHARED_KEY, ...NO_KEY];
