/**
 * All suites, in the order in which they run and are reported. What a bar compares stands close
 * together, so that both sides see the same machine.
 *
 * @module
 */

import type { Suite } from "./suite.ts";
import { costs } from "./suites/costs.ts";
import { growth } from "./suites/growth.ts";
import { startUp } from "./suites/start_up.ts";

export const SUITES: readonly Suite[] = [costs, startUp, growth];
