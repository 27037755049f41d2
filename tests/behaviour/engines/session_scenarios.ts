/**
 * Requirements on a session in every browser, in the three engines that browsers are made of.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Tab } from "../../harness/browser/tab.ts";
import { SEED_USERS } from "../../../local/platform/seed_users.ts";
import { type Scenario, STATUS } from "./scenario.ts";

/** Access tokens of four seconds: an hour's life in a few. */
const SHORT_LIVED = { SESSION_ACCESS_TTL_SECONDS: "4", SESSION_WINDOW_SECONDS: "1" };

/** A tab that hears nothing of the others nor of being looked at, and says whether it has sent a call of the app. */
const DEAF_PAGE = `
  globalThis.isSent = false;
  globalThis.plainFetch = globalThis.fetch;
  globalThis.fetch = (input, init) => {
    isSent ||= input instanceof Request;
    return plainFetch(input, init);
  };
  globalThis.BroadcastChannel = undefined;
  EventTarget.prototype.addEventListener = new Proxy(EventTarget.prototype.addEventListener, {
    apply(listen, target, args) {
      const isDeafTo = ["storage", "focus", "visibilitychange"].includes(args[0]);
      if (!isDeafTo) Reflect.apply(listen, target, args);
    },
  });
`;

export const SESSION_SCENARIOS: readonly Scenario[] = [
  {
    rule: "a cold start asks the server first, and finds the session again",
    run: async ({ open, openSignedIn }) => {
      const first = await openSignedIn();
      const again = await open();
      assert.equal(await again.evaluate(STATUS), "active");
      await first.close();
    },
  },

  {
    rule: "a visitor who never signed in costs no request, at a start or a return",
    run: async ({ site, open }) => {
      const tab = await open();
      assert.equal(await tab.evaluate(STATUS), "signed-out");
      await tab.evaluate("globalThis.dispatchEvent(new Event('focus'))");
      await open();
      assert.equal(site.count(), 0);
    },
  },

  {
    rule: "a browser that loses only the readable cookie keeps its session, and has it again",
    run: async ({ site, open, openSignedIn }) => {
      const tab = await openSignedIn();
      const name = await tab.evaluate<string>(
        `/(?:^|; )([^=;]*session_present)=1/.exec(document.cookie)[1]`,
      );
      await tab.evaluate(
        `document.cookie = "${name}=; Max-Age=0; Path=/${name.startsWith("__") ? "; Secure" : ""}"`,
      );
      assert.equal(await tab.evaluate("document.cookie"), "");
      const again = await open();
      assert.equal(await again.evaluate(STATUS), "active");
      assert.equal(site.count("validate"), 1);
      assert.equal(await again.evaluate("document.cookie"), `${name}=1`);
      // Known by the cookie alone, where the page's own storage was emptied.
      await again.evaluate("localStorage.clear()");
      assert.equal(await (await open()).evaluate(STATUS), "active");
    },
  },

  {
    rule: "a wrong password is a value, and a right one signs in",
    run: async ({ open, signIn }) => {
      const tab = await open();
      assert.equal(await tab.evaluate(STATUS), "signed-out");
      const { email } = SEED_USERS.grace;
      assert.equal(
        await tab.evaluate(`signIn(${JSON.stringify(email)}, "wrong").then(({ kind }) => kind)`),
        "refused",
      );
      await signIn(tab);
    },
  },

  {
    rule: "two tabs refresh once for each generation, and both stay signed in",
    run: async ({ site, open, openSignedIn }) => {
      const tabs = [await openSignedIn(), await open()];
      site.reset();
      const generation = "session.getSnapshot().generation";
      const [first] = tabs as [Tab, Tab];
      const before = await first.evaluate<number>(generation);
      for (const tab of tabs) await tab.waitFor(`${generation} >= ${before + 2}`);
      const after = await first.evaluate<number>(generation);
      assert.ok(site.count("refresh") <= after - before + 1, "one request for each generation");
      for (const tab of tabs) assert.equal(await tab.evaluate(STATUS), "active");
    },
    environment: SHORT_LIVED,
  },

  {
    rule:
      "a call of one person does not go out after another has signed in in a tab of which no message comes",
    run: async ({ open, openSignedIn }) => {
      const deaf = await openSignedIn({ script: DEAF_PAGE });
      const other = await open();
      const { email, password } = SEED_USERS.grace;
      const outcome = `signIn(${JSON.stringify(email)}, ${JSON.stringify(password)})`;
      assert.equal(await other.evaluate(`${outcome}.then(({ kind }) => kind)`), "signed-in");
      const grace = JSON.stringify(await other.evaluate<string>("session.user.id"));
      await deaf.waitFor(`localStorage.getItem("session:v1").includes(${grace})`);
      assert.equal(await deaf.evaluate(`session.user.id === ${grace}`), false);
      const call = `session.fetch("/", { method: "POST" }).then(() => "sent", ({ name }) => name)`;
      assert.equal(await deaf.evaluate(call), "SessionEndedError");
      assert.equal(await deaf.evaluate("isSent"), false);
      assert.equal(await deaf.evaluate(`session.user.id === ${grace}`), true);
    },
  },

  {
    rule: "a `srcdoc` frame, which has no address, finds the session of its page by a path",
    run: async ({ openSignedIn }) => {
      const tab = await openSignedIn();
      await tab.evaluate(`fetch("/").then((page) => page.text()).then((srcdoc) => {
        document.body.append(Object.assign(document.createElement("iframe"), { srcdoc }));
      })`);
      const frame = "document.querySelector('iframe').contentWindow";
      await tab.waitFor(`${frame}.session?.status === "active"`);
      assert.equal(await tab.evaluate(`${frame}.location.href`), "about:srcdoc");
    },
  },

  {
    rule: "a laptop that slept longer than its access token lives is signed in when it wakes",
    run: async ({ browser, openSignedIn }) => {
      const tab = await openSignedIn();
      await browser.sleep(6_000);
      await tab.waitFor(`${STATUS} === "active" && session.getSnapshot().canMutate`);
      assert.equal(await tab.evaluate('events.includes("signed-out")'), false);
    },
    environment: SHORT_LIVED,
  },

  {
    rule: "an outage on an expired access token keeps the session, which goes on afterwards",
    run: async ({ site, openSignedIn }) => {
      const tab = await openSignedIn();
      site.setFate(() => new Response("<h1>Gateway</h1>", { status: 502 }));
      await tab.waitFor(`${STATUS} === "degraded"`);
      site.setFate(null);
      await tab.waitFor(`${STATUS} === "active"`);
      assert.equal(await tab.evaluate('events.includes("signed-out")'), false);
    },
    environment: SHORT_LIVED,
  },

  {
    rule: "a page that comes back by the history is signed in",
    run: async ({ stack, openSignedIn }) => {
      const tab = await openSignedIn();
      await tab.navigate(`${stack.functionsUrl}/unified-auth/health`);
      await tab.goBack();
      await tab.waitFor(`!!globalThis.session && ${STATUS} === "active"`);
    },
  },

  {
    rule: "a rotation whose page goes away meanwhile is kept",
    run: async ({ site, stack, age, open, openSignedIn, refreshCookie }) => {
      const tab = await openSignedIn();
      const before = await refreshCookie();
      assert.ok(before);
      await age(3_000);
      const { release } = site.hold("refresh");
      await tab.evaluate("void session.refresh()");
      await site.arrival("refresh", 1);
      await tab.navigate(`${stack.functionsUrl}/unified-auth/health`);
      // The page's last act: the same request, once more, outlives it.
      await site.arrival("refresh", 2);
      release();
      for (let tries = 0; tries < 100 && await refreshCookie() === before; tries++) {
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      assert.notEqual(await refreshCookie(), before);
      assert.equal(await (await open()).evaluate("session.getSnapshot().generation"), 2);
    },
  },

  {
    rule: "a private window signs in, and a second tab of it finds the session",
    run: async ({ open, openSignedIn }) => {
      await openSignedIn();
      const second = await open();
      assert.equal(await second.evaluate(STATUS), "active");
    },
    isPrivate: true,
  },

  {
    rule: "a browser that keeps no cookie is found out at the sign-in",
    run: async ({ open }) => {
      const tab = await open();
      assert.equal(await tab.evaluate(STATUS), "signed-out");
      const { email, password } = SEED_USERS.ada;
      const outcome = `signIn(${JSON.stringify(email)}, ${JSON.stringify(password)})`;
      assert.equal(await tab.evaluate(`${outcome}.then(({ code }) => code)`), "cookies-refused");
    },
    blocksSiteData: true,
  },

  {
    rule: "over plain http of this machine `Secure` cookies are kept",
    differing: { webkit: "keeps none: the sign-in is refused as `cookies-refused`" },
    hasSecureCookies: true,
    run: async ({ engine, open }) => {
      const tab = await open();
      const { email, password } = SEED_USERS.ada;
      const outcome = `signIn(${JSON.stringify(email)}, ${JSON.stringify(password)})`;
      const isKept = engine !== "webkit";
      assert.equal(
        await tab.evaluate(`${outcome}.then(({ kind, code }) => code ?? kind)`),
        isKept ? "signed-in" : "cookies-refused",
      );
      assert.equal(await tab.evaluate(STATUS), isKept ? "active" : "signed-out");
    },
  },
];
