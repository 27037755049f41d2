import assert from "node:assert/strict";
// @ts-types="@types/react"
import { Activity, createElement, type ReactNode, useEffect, useState } from "react";
// @ts-types="@types/react-dom/server"
import { renderToString } from "react-dom/server";
import { createAuthClient } from "../../../client/src/auth_client.ts";
import { createAuthHooks } from "../../../client/src/react/index.ts";
import type { InitialSession } from "../../../client/src/index.ts";
import { withPage } from "./react_fixture.ts";
import { ADA, createHarness, EPOCH, type Tab, type User } from "./client_harness.ts";

/** The hooks of a tab, and a component that shows its status. */
function hooksOf(tab: Tab) {
  const hooks = createAuthHooks(tab.session);
  const Status = (): ReactNode => {
    const status = hooks.useAuth(({ status }) => status);
    return `${status}${hooks.useCanMutate() ? " may write" : ""}`;
  };
  return { ...hooks, Status };
}

/** The errors that React reports while `work` runs. */
async function complaintsDuring(work: () => Promise<void>): Promise<readonly unknown[]> {
  const errors: unknown[] = [];
  const { error } = console;
  console.error = (...args) => void errors.push(args);
  try {
    await work();
  } finally {
    console.error = error;
  }
  return errors;
}

/** ada's session as a server knew it when it rendered. */
const RENDERED: InitialSession<User> = {
  status: "active",
  user: ADA,
  sessionId: "session-1",
  serverTime: null,
};

Deno.test("a page follows the session, which StrictMode neither starts twice nor ends", async () => {
  const harness = createHarness();
  harness.server.latencyMs = 100;
  const tab = harness.openTab();
  const { Status } = hooksOf(tab);
  await withPage(createElement(Status), async (page) => {
    assert.equal(page.text(), "restoring");
    await page.act(() => harness.advance(100));
    assert.equal(page.text(), "active may write");
    assert.deepEqual(harness.server.calls, ["validate"]);
  });
  assert.equal(
    await tab.session.getAccessToken(),
    "token-1",
    "the page is gone, the session is not",
  );
  tab.session.dispose();
});

Deno.test("a call in a child's mount effect is answered under StrictMode", async () => {
  const harness = createHarness();
  harness.server.latencyMs = 100;
  const { session } = harness.openTab();
  const answers: unknown[] = [];
  const keep = (answer: Promise<unknown>): void =>
    void answer.then((value) => answers.push(value), (error) => answers.push(error));
  const Child = (): ReactNode => {
    useEffect(() => {
      keep(session.fetch("https://api.test/").then((response) => response.text()));
      keep(session.getAccessToken());
    }, []);
    return null;
  };
  await withPage(createElement(Child), async (page) => {
    await page.act(() => harness.advance(100));
    assert.deepEqual(answers.sort(), ["ok", "ok", "token-1", "token-1"]);
    assert.deepEqual(harness.server.calls, ["validate"]);
  });
  session.dispose();
});

Deno.test("a hidden <Activity> ends nothing: calls go out, and the page follows when it is shown", async () => {
  const harness = createHarness();
  const tab = harness.openTab();
  const { Status } = hooksOf(tab);
  let show: (mode: "visible" | "hidden") => void = () => {};
  const Page = (): ReactNode => {
    const [mode, setMode] = useState<"visible" | "hidden">("visible");
    show = setMode;
    return createElement(Activity, {
      mode,
      children: createElement("p", null, createElement(Status)),
    });
  };
  await withPage(createElement(Page), async (page) => {
    await page.act(() => harness.advance(0));
    await page.act(() => show("hidden"));
    assert.equal(await (await tab.session.fetch("https://api.test/")).text(), "ok");
    harness.server.script = () => ({ kind: "rejected", reason: "revoked" });
    await page.act(async () => void await tab.session.refresh());
    await page.act(() => show("visible"));
    assert.equal(page.text(), "ended");
  });
  tab.session.dispose();
});

Deno.test("a selector may make objects, flat or nested", async () => {
  const harness = createHarness();
  const tab = harness.openTab();
  const { useAuth } = hooksOf(tab);
  let flatRenders = 0;
  const Flat = (): ReactNode => {
    flatRenders++;
    const { status, id } = useAuth(({ status, user }) => ({ status, id: user?.id }));
    return `${status} ${id}`;
  };
  const Nested = (): ReactNode => {
    const { who } = useAuth(({ user }) => ({ who: { names: [user?.id ?? "nobody"] } }));
    return ` ${who.names.join()}`;
  };
  await withPage(
    [createElement(Flat, { key: 1 }), createElement(Nested, { key: 2 })],
    async (page) => {
      await page.act(() => harness.advance(0));
      assert.equal(page.text(), "active ada ada");
      const before = flatRenders;
      await page.act(() => harness.sleep(2000));
      await page.act(async () => void await tab.session.refresh());
      assert.equal(flatRenders, before, "nothing of what it selects has changed");
    },
  );
  tab.session.dispose();
});

Deno.test("a component renders again only when what it selects changes", async () => {
  const harness = createHarness();
  const tab = harness.openTab();
  const { useAuth } = hooksOf(tab);
  let renders = 0;
  const Name = (): ReactNode => {
    renders++;
    return useAuth(({ user }) => user?.id ?? "nobody");
  };
  await withPage(createElement(Name), async (page) => {
    await page.act(() => harness.advance(0));
    const before = renders;
    for (let n = 0; n < 3; n++) {
      await page.act(() => harness.sleep(2000));
      await page.act(async () => void await tab.session.refresh());
    }
    assert.equal(tab.session.getSnapshot().generation, 4);
    assert.equal(renders, before);
    assert.equal(page.text(), "ada");
  });
});

Deno.test("a server renders what it knows of each visitor, and the browser takes the markup over", async () => {
  const harness = createHarness();
  const server = harness.openTab({}, false);
  const render = (initial: InitialSession<User>): string => {
    const { AuthProvider, Status } = hooksOf(server);
    return renderToString(createElement(AuthProvider, { initial }, createElement(Status)));
  };
  const markup = render(RENDERED);
  assert.equal(markup, "active");
  // The next visitor of the same module is another.
  assert.equal(render({ ...RENDERED, status: "signed-out", user: null }), "signed-out");
  assert.equal(renderToString(createElement(hooksOf(server).Status)), "unknown");
  assert.equal(server.session.getSnapshot().status, "unknown");
  assert.deepEqual(harness.server.calls, []);
  assert.equal(harness.timers(), 0);

  harness.server.latencyMs = 100;
  const tab = harness.openTab();
  const { AuthProvider, useAuth, Status } = hooksOf(tab);
  const shown: unknown[] = [];
  const Names = (): ReactNode => {
    shown.push(useAuth(({ user }) => user?.id));
    return createElement(Status);
  };
  const page = createElement(AuthProvider, { initial: RENDERED }, createElement(Names));
  const errors = await complaintsDuring(() =>
    withPage(page, async (page) => {
      assert.equal(page.text(), "active");
      await page.act(() => harness.advance(100));
      assert.equal(page.text(), "active may write");
    }, markup)
  );
  assert.deepEqual(errors, []);
  assert.deepEqual([...new Set(shown)], ["ada"], "never anything else");
  tab.session.dispose();
});

Deno.test("a rendered session reaches components that were there before it, without a complaint", async () => {
  const harness = createHarness();
  harness.server.latencyMs = 100;
  const tab = harness.openTab();
  const { AuthProvider, Status } = hooksOf(tab);
  let open = (): void => {};
  const App = (): ReactNode => {
    const [isOpen, setOpen] = useState(false);
    open = () => setOpen(true);
    const page = createElement(AuthProvider, { initial: RENDERED }, createElement(Status));
    return createElement("main", null, createElement(Status), " | ", isOpen ? page : null);
  };
  const errors = await complaintsDuring(() =>
    withPage(createElement(App), async (page) => {
      assert.equal(page.text(), "restoring | ");
      await page.act(() => open());
      assert.equal(page.text(), "active | active");
      await page.act(() => harness.advance(100));
      assert.equal(page.text(), "active may write | active may write");
    })
  );
  assert.deepEqual(errors, []);
  tab.session.dispose();
});

Deno.test("the warning banner is a status that counts down, extends and dismisses", async () => {
  const harness = createHarness();
  harness.server.sessionEndsInMs = 4 * 60_000;
  harness.server.latencyMs = 100;
  // The banner counts by the device's own clock.
  harness.skewMs = Date.now() - EPOCH;
  const tab = harness.openTab();
  const { SessionWarningBanner } = hooksOf(tab);
  await withPage(createElement(SessionWarningBanner, {}), async (page) => {
    assert.equal(page.root.querySelector("[role=status]")?.textContent, "");
    await page.act(() => harness.advance(100));
    harness.server.latencyMs = 0;
    assert.match(page.text(), /ends in 4 minutes/);
    const countdown = page.root.querySelector(".session-countdown");
    assert.equal(countdown?.getAttribute("aria-hidden"), "true");
    assert.match(countdown?.textContent ?? "", /^(?:4:00|3:5\d)$/);
    await page.click("Dismiss");
    assert.equal(page.text(), "");
    await page.act(() => harness.sleep(2000));
    await page.act(async () => void await tab.session.refresh());
    harness.server.sessionEndsInMs = 3_600_000;
    await page.act(() => harness.sleep(2000));
    await page.click("Stay signed in");
    await page.act(() => harness.advance(0));
    assert.equal(page.text(), "");
  });
});

Deno.test("a countdown that was mounted long before its warning is right when it is first rendered", async () => {
  const { now } = Date;
  const harness = createHarness();
  harness.skewMs = now() - EPOCH;
  const tab = harness.openTab();
  const { useSessionWarning } = hooksOf(tab);
  const rendered: number[] = [];
  const Countdown = (): ReactNode => {
    const warning = useSessionWarning();
    if (warning) rendered.push(warning.secondsLeft);
    return null;
  };
  try {
    await withPage(createElement(Countdown), async (page) => {
      await page.act(() => harness.advance(0));
      const wokenAt = now() + 2 * 3_600_000;
      Date.now = () => wokenAt;
      await page.act(() => harness.sleep(2 * 3_600_000));
      assert.deepEqual(rendered, []);
      harness.server.sessionEndsInMs = 4 * 60_000;
      await page.act(async () => void await tab.session.refresh());
      await page.act(() => harness.advance(0));
    });
  } finally {
    Date.now = now;
  }
  assert.ok(rendered.length > 0);
  assert.deepEqual(rendered.filter((seconds) => seconds > 4 * 60 + 1), []);
});

Deno.test("the banner of an ended session is an alert with the reason, and keeps the page below", async () => {
  const harness = createHarness();
  const tab = harness.openTab();
  const { SessionEndedBanner, useAuthEvent } = hooksOf(tab);
  let asked = 0;
  const heard: string[] = [];
  const Listener = (): ReactNode => {
    useAuthEvent("session-ended", ({ reason }) => void heard.push(String(reason)));
    return null;
  };
  const banner = createElement(SessionEndedBanner, { onSignIn: () => void asked++ });
  const below = createElement("p", null, "data");
  const page = createElement("div", null, banner, below, createElement(Listener));
  await withPage(page, async (page) => {
    await page.act(() => harness.advance(0));
    assert.equal(page.text(), "data");
    harness.server.script = () => ({ kind: "rejected", reason: "evicted" });
    await page.act(async () => void await tab.session.check());
    assert.match(page.root.querySelector("[role=alert]")?.textContent ?? "", /too many devices/);
    assert.equal(page.root.querySelector("p")?.textContent, "data");
    await page.click("Sign in again");
    assert.equal(asked, 1);
    assert.deepEqual(heard, ["evicted"]);
  });
});

Deno.test("banners can be said in other words", async () => {
  const harness = createHarness();
  harness.server.sessionEndsInMs = 2 * 60_000;
  const tab = harness.openTab();
  const { SessionWarningBanner } = hooksOf(tab);
  const banner = createElement(SessionWarningBanner, {
    children: ({ minutesLeft }) => `noch ${minutesLeft} Minuten`,
  });
  await withPage(banner, async (page) => {
    await page.act(() => harness.advance(0));
    assert.equal(page.text(), "noch 2 Minuten");
  });
});

Deno.test("the types of a person's fields are known without a type argument", () => {
  const auth = createAuthClient({ baseUrl: "https://example.test/functions/v1/unified-auth" });
  const { useAuth } = createAuthHooks(auth);
  const Emails = (): ReactNode => {
    const whole: string | null | undefined = useAuth().user?.email;
    const selected: string | null | undefined = useAuth(({ user }) => user?.email);
    const outside: string | null | undefined = auth.user?.email;
    // @ts-expect-error: no such field, so the type is not `any`
    const wrong = auth.user?.emial;
    return [whole, selected, outside, wrong].join();
  };
  assert.equal(renderToString(createElement(Emails)), ",,,");
});
