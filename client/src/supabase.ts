/**
 * Keeps supabase-js on the session's current access token: its requests, its Realtime socket and its
 * channels. It must not import supabase-js: it says by interfaces what it uses of it.
 *
 * @module
 */

import type { SessionUser } from "./outcome.ts";
import type { AuthClient } from "./session.ts";

/**
 * What is used of a `RealtimeChannel`.
 *
 * @example
 * ```ts
 * import { createClient } from "@supabase/supabase-js";
 * import { createAuthClient } from "@unified-auth/client";
 * import { connectSupabase, supabaseAccessToken } from "@unified-auth/client/supabase";
 *
 * const auth = createAuthClient({ baseUrl: "/functions/v1/unified-auth" });
 * const supabase = createClient("https://project.supabase.co", "sb_publishable_…", {
 *   accessToken: supabaseAccessToken(auth),
 * });
 * connectSupabase(auth, supabase);
 * ```
 */
export interface ChannelLike {
  /** `joined`, `closed` and so on. */
  readonly state: string;
}

/**
 * What is used of a `SupabaseClient`.
 *
 * @example
 * ```ts
 * import { createClient } from "@supabase/supabase-js";
 * import { createAuthClient } from "@unified-auth/client";
 * import { connectSupabase, supabaseAccessToken } from "@unified-auth/client/supabase";
 *
 * const auth = createAuthClient({ baseUrl: "/functions/v1/unified-auth" });
 * const supabase = createClient("https://project.supabase.co", "sb_publishable_…", {
 *   accessToken: supabaseAccessToken(auth),
 * });
 * connectSupabase(auth, supabase);
 * ```
 */
export interface SupabaseLike<Channel extends ChannelLike> {
  /** The socket of all channels. */
  readonly realtime: { setAuth(token?: string | null): Promise<void> | void };
  /** The channels of this client. */
  getChannels(): Channel[];
  /** Leaves a channel. */
  removeChannel(channel: Channel): Promise<unknown>;
}

/**
 * For the option `accessToken` of `createClient`. supabase-js takes null for "use the public key": a request
 * of somebody who is signed in would go out as nobody's and find nothing. So this answers null only where
 * nobody is signed in, and rejects in doubt, and where the backend does not expose tokens.
 *
 * @example
 * ```ts
 * import { createClient } from "@supabase/supabase-js";
 * import { createAuthClient } from "@unified-auth/client";
 * import { supabaseAccessToken } from "@unified-auth/client/supabase";
 *
 * const auth = createAuthClient({ baseUrl: "/functions/v1/unified-auth" });
 * const supabase = createClient("https://project.supabase.co", "sb_publishable_…", {
 *   accessToken: supabaseAccessToken(auth),
 * });
 * ```
 */
export function supabaseAccessToken<U extends SessionUser>(
  auth: Pick<AuthClient<U>, "getAccessToken" | "status">,
): () => Promise<string | null> {
  return async () => {
    const token = await auth.getAccessToken();
    if (token === null && auth.status === "active") {
      throw new TypeError(
        "Cannot call Supabase as the person who is signed in: " +
          "the functions expose no access token, set SESSION_EXPOSE_ACCESS_TOKEN=true",
      );
    }
    return token;
  };
}

/** One connection a client, however many components ask for it. */
const connected = new WeakMap<object, { users: number; stop(): void }>();

/**
 * Gives Realtime each fresh access token before waiting calls go out, removes channels that are
 * closed for good, and removes all of them when the person signs out or another comes. Connecting a
 * client twice connects it once; it ends when each returned function was called.
 *
 * @example
 * ```ts
 * import { createClient } from "@supabase/supabase-js";
 * import { createAuthClient } from "@unified-auth/client";
 * import { connectSupabase, supabaseAccessToken } from "@unified-auth/client/supabase";
 *
 * const auth = createAuthClient({ baseUrl: "/functions/v1/unified-auth" });
 * const supabase = createClient("https://project.supabase.co", "sb_publishable_…", {
 *   accessToken: supabaseAccessToken(auth),
 * });
 * connectSupabase(auth, supabase);
 * ```
 */
export function connectSupabase<U extends SessionUser, Channel extends ChannelLike>(
  auth: Pick<AuthClient<U>, "on" | "onRefreshed" | "getAccessToken">,
  client: SupabaseLike<Channel>,
): () => void {
  const connection = connected.get(client) ?? { users: 0, stop: connect(auth, client) };
  connected.set(client, connection);
  connection.users++;
  let ended = false;
  return () => {
    if (ended) return;
    ended = true;
    if (--connection.users > 0) return;
    connected.delete(client);
    connection.stop();
  };
}

function connect<U extends SessionUser, Channel extends ChannelLike>(
  auth: Pick<AuthClient<U>, "on" | "onRefreshed" | "getAccessToken">,
  client: SupabaseLike<Channel>,
): () => void {
  // Not `removeAllChannels`: it waits for the server's answers and then closes the socket, under the
  // channels too that the next user's page has opened meanwhile (realtime-js 2.119.1).
  const leaveAll = (): void => {
    for (const channel of client.getChannels()) {
      // One that cannot be left any more has nothing to be left.
      client.removeChannel(channel).catch(() => {});
    }
  };
  const stops = [
    auth.onRefreshed(async () => {
      await client.realtime.setAuth(await auth.getAccessToken());
      // One that is errored joins again by itself; one that is closed only takes up a topic.
      const stale = client.getChannels().filter(({ state }) => state === "closed");
      await Promise.all(stale.map((channel) => client.removeChannel(channel)));
    }),
    auth.on("signed-out", leaveAll),
    auth.on("user-changed", leaveAll),
  ];
  return () => stops.forEach((stop) => stop());
}
