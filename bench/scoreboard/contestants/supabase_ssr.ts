/**
 * @supabase/ssr: supabase-js with its session in cookies that the page writes, against a stand-in of
 * Supabase Auth.
 *
 * @module
 */

import type { Contestant } from "../contestant.ts";
import { arenaOf } from "../stand_ins/arena.ts";
import { gotrue } from "../stand_ins/gotrue.ts";
import { supabaseJs } from "./supabase_js.ts";

export const supabaseSsr: Contestant = {
  id: "supabase-ssr",
  name: "@supabase/ssr",
  packages: ["@supabase/ssr", "@supabase/supabase-js"],
  configuration:
    "`createBrowserClient(url, key)` as in the documentation, every option at its default: the " +
    "session is in cookies that scripts read and write, for a server to find. Everything else is as " +
    "with supabase-js.",
  backend: "As with supabase-js.",
  remarks:
    "Its server half, which may rotate while a page is rendered, is not part of the scenarios.",
  page: new URL("./supabase_ssr_page.ts", import.meta.url),
  imports: 'export { createBrowserClient } from "@supabase/ssr";',
  credential: {
    // In several cookies where it is long, in base64url.
    expression: `(() => {
      const value = document.cookie.split("; ").map((pair) => pair.split("="))
        .filter(([name]) => /^sb-.*-auth-token(\\.\\d+)?$/.test(name)).sort()
        .map(([, part]) => part).join("").replace(/^base64-/, "");
      return value === ""
        ? undefined
        : JSON.parse(atob(value.replaceAll("-", "+").replaceAll("_", "/"))).refresh_token;
    })()`,
  },
  absent: supabaseJs.absent,
  openArena: arenaOf(gotrue),
};
