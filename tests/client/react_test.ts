import assert from "node:assert/strict";
// @ts-types="@types/react"
import { createElement, type ReactNode, useEffect, useState } from "react";
// @ts-types="@types/react-dom/server"
import { renderToString } from "react-dom/server";
import {
  SessionEndedBanner,
  SessionProvider,
  SessionWarningBanner,
  useCanMutate,
  useSession,
  useSessionClient,
  useSessionEvent,
  useSessionWarning,
} from "../../client/src/react/index.ts";
import { withPage } from "./react_fixture.ts";
import { createWorld, EPOCH, type Tab, type User } from "./world.ts";

const within = (tab: Tab, ...children: ReactNode[]) =>
  createElement(SessionProvider<User>, { session: tab.session }, ...children);

function Status(): ReactNode {
  const status = useSession(({ status }) => status);
  return `${status}${useCanMutate() ? " may write" : ""}`;
}

Deno.test("SessionProvider starts the session once under StrictMode, and the page follows it", async () => {
  const world = createWorld();
  world.server.latencyMs = 100;
  const tab = world.openTab({}, false);
  await withPage(within(tab, createElement(Status)), async (page) => {
    assert.equal(page.text(), "restoring");
    await page.act(() => world.advance(100));
    assert.equal(page.text(), "active may write");
    assert.deepEqual(world.server.calls, ["validate"]);
  });
  assert.equal(world.timers(), 0);
});

Deno.test("what a child asks for in its mount effect is answered under StrictMode", async () => {
  const world = createWorld();
  world.server.latencyMs = 100;
  const tab = world.openTab({}, false);
  const answers: unknown[] = [];
  const keep = (answer: Promise<unknown>): void =>
    void answer.then((value) => answers.push(value), (error) => answers.push(error));
  const Child = (): ReactNode => {
    const session = useSessionClient();
    useEffect(() => {
      keep(session.fetch("https://api.test/").then((response) => response.text()));
      keep(session.getAccessToken());
    }, [session]);
    return null;
  };
  await withPage(within(tab, createElement(Child)), async (page) => {
    await page.act(() => world.advance(100));
    assert.deepEqual(answers.sort(), ["ok", "ok", "token-1", "token-1"]);
    assert.deepEqual(world.server.calls, ["validate"]);
  });
  assert.equal(world.timers(), 0);
});

Deno.test("a session lives until the last of its providers is gone, and no longer", async () => {
  const world = createWorld();
  const tab = world.openTab({}, false);
  let move: () => void = () => {};
  const Mover = (): ReactNode => {
    const [place, setPlace] = useState("here");
    move = () => setPlace("there");
    return createElement("div", { key: place }, within(tab, createElement(Status)));
  };
  await withPage(createElement(Mover), async (page) => {
    await page.act(() => world.advance(0));
    await page.act(() => move());
    assert.ok(world.timers() > 0);
    assert.equal(await tab.session.getAccessToken(), "token-1");
  });
  await assert.rejects(tab.session.getAccessToken(), TypeError);
  assert.equal(world.timers(), 0);
});

Deno.test("a component renders again only when what it selects changes", async () => {
  const world = createWorld();
  const tab = world.openTab({}, false);
  let renders = 0;
  const Name = (): ReactNode => {
    renders++;
    return useSession<string, User>(({ user }) => user?.id ?? "nobody");
  };
  await withPage(within(tab, createElement(Name)), async (page) => {
    await page.act(() => world.advance(0));
    const before = renders;
    for (let n = 0; n < 3; n++) {
      await page.act(() => world.sleep(2000));
      await page.act(async () => void await tab.session.refresh());
    }
    assert.equal(tab.session.getSnapshot().generation, 4);
    assert.equal(renders, before);
    assert.equal(page.text(), "ada");
  });
});

Deno.test("a server renders without asking anybody, and the browser takes the markup over as it is", async () => {
  const world = createWorld();
  const server = world.openTab({ initial: world.server.valid(false) }, false);
  const markup = renderToString(within(server, createElement(Status)));
  assert.equal(markup, "active may write");
  assert.equal(renderToString(within(world.openTab({}, false), createElement(Status))), "unknown");
  assert.deepEqual(world.server.calls, []);
  assert.equal(world.timers(), 0);

  const client = world.openTab({ initial: world.server.valid(false) }, false);
  const errors: unknown[] = [];
  const { error } = console;
  console.error = (...args) => void errors.push(args);
  try {
    await withPage(within(client, createElement(Status)), async (page) => {
      assert.equal(page.text(), "active may write");
      await page.act(() => world.advance(0));
      assert.equal(page.text(), "active may write");
    }, markup);
  } finally {
    console.error = error;
  }
  assert.deepEqual(errors, []);
});

Deno.test("the warning banner is a status that counts down, extends and dismisses", async () => {
  const world = createWorld();
  world.server.sessionEndsInMs = 4 * 60_000;
  world.server.latencyMs = 100;
  // The banner counts by the device's own clock.
  world.skewMs = Date.now() - EPOCH;
  const tab = world.openTab({}, false);
  await withPage(within(tab, createElement(SessionWarningBanner, {})), async (page) => {
    assert.equal(page.root.querySelector("[role=status]")?.textContent, "");
    await page.act(() => world.advance(100));
    world.server.latencyMs = 0;
    assert.match(page.text(), /ends in 4 minutes/);
    const countdown = page.root.querySelector(".session-countdown");
    assert.equal(countdown?.getAttribute("aria-hidden"), "true");
    assert.match(countdown?.textContent ?? "", /^(?:4:00|3:5\d)$/);
    await page.click("Dismiss");
    assert.equal(page.text(), "");
    await page.act(() => world.sleep(2000));
    await page.act(async () => void await tab.session.refresh());
    world.server.sessionEndsInMs = 3_600_000;
    await page.act(() => world.sleep(2000));
    await page.click("Stay signed in");
    await page.act(() => world.advance(0));
    assert.equal(page.text(), "");
  });
});

Deno.test("a countdown that was mounted long before its warning is right when it is first rendered", async () => {
  const { now } = Date;
  const world = createWorld();
  world.skewMs = now() - EPOCH;
  const tab = world.openTab({}, false);
  const rendered: number[] = [];
  const Countdown = (): ReactNode => {
    const warning = useSessionWarning();
    if (warning) rendered.push(warning.secondsLeft);
    return null;
  };
  try {
    await withPage(within(tab, createElement(Countdown)), async (page) => {
      await page.act(() => world.advance(0));
      const wokenAt = now() + 2 * 3_600_000;
      Date.now = () => wokenAt;
      await page.act(() => world.sleep(2 * 3_600_000));
      assert.deepEqual(rendered, []);
      world.server.sessionEndsInMs = 4 * 60_000;
      await page.act(async () => void await tab.session.refresh());
      await page.act(() => world.advance(0));
    });
  } finally {
    Date.now = now;
  }
  assert.ok(rendered.length > 0);
  assert.deepEqual(rendered.filter((seconds) => seconds > 4 * 60 + 1), []);
});

Deno.test("the expired banner is an alert with the reason, and keeps the page below", async () => {
  const world = createWorld();
  const tab = world.openTab({}, false);
  let asked = 0;
  const heard: string[] = [];
  const Listener = (): ReactNode => {
    useSessionEvent("session-ended", ({ reason }) => void heard.push(String(reason)));
    return null;
  };
  const banner = createElement(SessionEndedBanner, { onSignIn: () => void asked++ });
  const below = createElement("p", null, "data");
  await withPage(within(tab, banner, below, createElement(Listener)), async (page) => {
    await page.act(() => world.advance(0));
    assert.equal(page.text(), "data");
    world.server.script = () => ({ kind: "rejected", reason: "evicted" });
    await page.act(async () => void await tab.session.recover());
    assert.match(page.root.querySelector("[role=alert]")?.textContent ?? "", /too many devices/);
    assert.equal(page.root.querySelector("p")?.textContent, "data");
    await page.click("Sign in again");
    assert.equal(asked, 1);
    assert.deepEqual(heard, ["evicted"]);
  });
});

Deno.test("banners can be said in other words", async () => {
  const world = createWorld();
  world.server.sessionEndsInMs = 2 * 60_000;
  const tab = world.openTab({}, false);
  const banner = createElement(SessionWarningBanner, {
    children: ({ minutesLeft }) => `noch ${minutesLeft} Minuten`,
  });
  await withPage(within(tab, banner), async (page) => {
    await page.act(() => world.advance(0));
    assert.equal(page.text(), "noch 2 Minuten");
  });
});

Deno.test("a hook outside of a provider is a TypeError", () => {
  assert.throws(() => renderToString(createElement(Status)), TypeError);
});
