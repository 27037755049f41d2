/**
 * Every scenario, in the order of the table.
 *
 * @module
 */

import type { Scenario } from "../scenario.ts";
import { droppedSocket } from "./dropped_socket.ts";
import { frozenTab } from "./frozen_tab.ts";
import { hungRefresh } from "./hung_refresh.ts";
import { lateRefusal } from "./late_refusal.ts";
import { navigation } from "./navigation.ts";
import { networkError } from "./network_error.ts";
import { tabReturns } from "./tab_returns.ts";
import { threeRefreshes } from "./three_refreshes.ts";
import { tooManyRequests } from "./too_many_requests.ts";
import { twoTabs } from "./two_tabs.ts";
import { wrongClock } from "./wrong_clock.ts";

export const SCENARIOS: readonly Scenario[] = [
  tooManyRequests,
  hungRefresh,
  twoTabs,
  wrongClock,
  navigation,
  tabReturns,
  threeRefreshes,
  networkError,
  lateRefusal,
  frozenTab,
  droppedSocket,
];
