/**
 * supabase-js with its own auth client, against a stand-in of Supabase Auth.
 *
 * @module
 */

import type { Contestant } from "../contestant.ts";
import { arenaOf } from "../stand_ins/arena.ts";
import { gotrue } from "../stand_ins/gotrue.ts";

export const supabaseJs: Contestant = {
  id: "supabase-js",
  name: "supabase-js",
  packages: ["@supabase/supabase-js"],
  configuration:
    "`createClient(url, key)` as in the documentation, every option at its default: the " +
    "session is in `localStorage`, `autoRefreshToken` is on. The user interface listens to " +
    "`onAuthStateChange`; an app reads the token with `getSession` and forces a new one with " +
    "`refreshSession`.",
  backend: "A stand-in of `POST /auth/v1/token` (grants `password` and `refresh_token`) with the " +
    "rotation rule of Supabase Auth's current source: the parent of the active token gets the active " +
    "token again, any other used one for 10 s, then the session is revoked.",
  remarks: "The size is that of the whole client, with database, storage and realtime.",
  page: new URL("./supabase_js_page.ts", import.meta.url),
  imports: 'export { createClient } from "@supabase/supabase-js";',
  credential: {
    expression: `Object.entries(localStorage)
      .filter(([key]) => /^sb-.*-auth-token$/.test(key))
      .map(([, value]) => JSON.parse(value).refresh_token)[0]`,
  },
  absent: { S9: "does not send a refused call again" },
  openArena: arenaOf(gotrue),
};
