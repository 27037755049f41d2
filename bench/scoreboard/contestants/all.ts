/**
 * Everybody who is on the scoreboard, in the order of its columns.
 *
 * @module
 */

import type { Contestant } from "../contestant.ts";
import { axiosAuthRefresh } from "./axios_auth_refresh.ts";
import { betterAuthClient } from "./better_auth.ts";
import { oidcClientTs } from "./oidc_client_ts.ts";
import { supabaseJs } from "./supabase_js.ts";
import { supabaseSsr } from "./supabase_ssr.ts";
import { supertokensWebsite } from "./supertokens_website.ts";
import { unifiedAuth } from "./unified_auth.ts";

export const CONTESTANTS: readonly Contestant[] = [
  unifiedAuth,
  supabaseJs,
  supabaseSsr,
  oidcClientTs,
  supertokensWebsite,
  betterAuthClient,
  axiosAuthRefresh,
];
