/**
 * The page of supabase-js, set up as its documentation shows for a browser.
 *
 * @module
 */

import { createClient } from "@supabase/supabase-js";
import { playClient } from "./supabase_page.ts";

playClient(createClient(location.origin, "sb_publishable_scoreboard"));
