/**
 * Random lives of three tabs: what networks, proxies, laptops and people do to pages, a few things at a
 * time, drawn from a seed so that a life that went wrong can be lived again.
 *
 * @module
 */

import type { Chance } from "../../harness/chance.ts";
import type { ChromiumTab } from "../../harness/browser/chromium_profile.ts";
import type { Stage } from "./scenario.ts";
import type { Fate } from "../../harness/driven/site.ts";

type Step = (stage: Stage, tab: ChromiumTab, chance: Chance) => void | Promise<void>;

const pause = (milliseconds: number) =>
  new Promise<void>((resolve) => setTimeout(resolve, milliseconds));

const answer = (status: number, headers: Readonly<Record<string, string>> = {}): Fate => () =>
  Response.json({ code: "service_unavailable", message: "" }, { status, headers });

const portal: Fate = () =>
  new Response("<h1>Hotel</h1>", { headers: { "content-type": "text/html" } });

const STEPS: Readonly<Record<string, Step>> = {
  "reply lost": ({ site }) => site.setFate(answer(502)),
  "429": ({ site }) => site.setFate(answer(429, { "retry-after": "0" })),
  "503": ({ site }) => site.setFate(answer(503, { "retry-after": "0" })),
  "captive portal": ({ site }) => site.setFate(portal),
  "slow replies": ({ site }) =>
    site.setFate(async (reply) => {
      await pause(120);
      return reply;
    }),
  "network well": ({ site }) => site.setFate(null),
  "time passes": async ({ age }, _tab, chance) => await age(Math.floor(chance() * 4_000)),
  "refresh": async (_stage, tab) => await tab.evaluate("void session.refresh()"),
  "ask": async (_stage, tab) => await tab.evaluate("void session.check()"),
  "call": async (_stage, tab) =>
    await tab.evaluate(
      "void session.fetch('/functions/v1/unified-auth/sessions').then(() => 0, () => 0)",
    ),
  "hide": async (_stage, tab) => await tab.hide(),
  "return": async (_stage, tab) => await tab.show(),
  "offline": async (_stage, tab) => await tab.setOffline(true),
  "online": async (_stage, tab) => await tab.setOffline(false),
  "freeze": async (_stage, tab, chance) => {
    await tab.freeze();
    await pause(30);
    await tab.thaw();
    if (chance() < 0.5) await tab.show();
  },
  "navigation": async (_stage, tab) =>
    await tab.evaluate(
      "void location.assign((location.pathname === '/' ? '/next' : '/') + location.search)",
    ),
  "reload": async (_stage, tab) => {
    await tab.evaluate("void location.reload()");
  },
};

/** Lives one life; resolves with its story. */
export async function liveRandomly(
  stage: Stage,
  tabs: readonly ChromiumTab[],
  chance: Chance,
): Promise<string> {
  const story: string[] = [];
  const names = Object.keys(STEPS);
  const length = 3 + Math.floor(chance() * 4);
  for (let at = 0; at < length; at++) {
    const name = names[Math.floor(chance() * names.length)] ?? "ask";
    const tab = Math.floor(chance() * tabs.length);
    story.push(`${name} (tab ${tab + 1})`);
    const [step, page] = [STEPS[name], tabs[tab]];
    if (step && page) await attempt(() => step(stage, page, chance));
  }
  return story.join(", ");
}

/** A page that is just being reloaded has no session to ask. */
async function attempt(step: () => void | Promise<void>): Promise<void> {
  try {
    await step();
  } catch (error: unknown) {
    const away = /session is not defined|context|navigat|Inspected target|Not attached/i;
    if (!(error instanceof Error && away.test(error.message))) throw error;
  }
}
