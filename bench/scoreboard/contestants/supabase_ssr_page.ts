/**
 * The page of @supabase/ssr, set up as its documentation shows for a browser.
 *
 * @module
 */

import { createBrowserClient } from "@supabase/ssr";
import { playClient } from "./supabase_page.ts";

playClient(createBrowserClient(location.origin, "sb_publishable_scoreboard"));
