/**
 * Our client in the engines that DevTools do not drive: the scenarios as far as their drivers go.
 *
 * @module
 */

import type { TestServer } from "../../local/testing/test_server.ts";
import type { ChromiumTab } from "../../tests/harness/browser/chromium_profile.ts";
import type { Profile } from "../../tests/harness/browser/profile.ts";
import type { Tab } from "../../tests/harness/browser/tab.ts";
import { launchEngine } from "../../tests/behaviour/engines/launch.ts";
import { unifiedAuth, unifiedAuthWithoutPrefix } from "./contestants/unified_auth.ts";
import type { Scenario } from "./scenario.ts";
import { type Measurement, measureScoreboard, type ScoreboardOptions } from "./scoreboard.ts";

export const OTHER_ENGINES = ["firefox", "webkit"] as const;
export type OtherEngine = typeof OTHER_ENGINES[number];

export interface EngineRecord {
  readonly version: string;
  /** Of our client, by scenario. */
  readonly rows: Readonly<Record<string, Measurement>>;
}

export async function measureEngine(
  engine: OtherEngine,
  { server, scenarios, onMeasured }: {
    readonly server: TestServer;
    readonly scenarios: readonly Scenario[];
    readonly onMeasured?: ScoreboardOptions["onMeasured"];
  },
): Promise<EngineRecord> {
  const contestant = engine === "webkit" ? unifiedAuthWithoutPrefix : unifiedAuth;
  await using browser = await launchEngine(engine);
  const { rows } = await measureScoreboard({
    server,
    contestants: [contestant],
    scenarios: scenarios.filter(({ beyondOtherDrivers }) => beyondOtherDrivers === undefined),
    // A driver has one window in front.
    lanes: 1,
    openBrowser: async () => asChromium(await browser.openProfile()),
    ...(onMeasured && { onMeasured }),
  });
  const measured = scenarios.flatMap(({ id, beyondOtherDrivers }) => {
    const measurement = beyondOtherDrivers === undefined
      ? rows[id]?.[contestant.id]
      : { absent: `Chromium only: ${beyondOtherDrivers}` };
    return measurement ? [[id, measurement]] : [];
  });
  return { version: browser.version, rows: Object.fromEntries(measured) };
}

function asChromium(profile: Profile): Profile<ChromiumTab> {
  return { ...profile, openTab: async (url) => asChromiumTab(await profile.openTab(url)) };
}

/** No scenario that is played needs the methods that its driver lacks. */
function asChromiumTab(tab: Tab): ChromiumTab {
  const refuse = () => Promise.reject(new TypeError("Cannot do that by this browser's driver"));
  return {
    ...tab,
    show: () => Promise.resolve(),
    hide: refuse,
    freeze: refuse,
    thaw: refuse,
    setOffline: refuse,
    setUserAgent: refuse,
    heapBytes: refuse,
  };
}
