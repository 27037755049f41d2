/**
 * How long a test lets pass so that the reuse interval has passed, by the default of the functions.
 *
 * @module
 */

import { createEnvironmentReader } from "../../supabase/functions/_shared/config/environment.ts";
import { readLifetimes } from "../../supabase/functions/_shared/config/lifetimes.ts";

export const REUSE_INTERVAL_SECONDS = readLifetimes(createEnvironmentReader(() => undefined))
  .reuseIntervalSeconds;

export const AFTER_REUSE_INTERVAL_SECONDS = REUSE_INTERVAL_SECONDS + 1;
