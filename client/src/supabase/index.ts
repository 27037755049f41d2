/**
 * Keeps supabase-js on the session's current access token: its requests, its Realtime socket and its
 * channels. It does not import supabase-js: interfaces say what it uses of it.
 *
 * @module
 */

import type { SessionUser } from "../transport/outcome.ts";
import { type JoinedChannel, watchChannel } from "./realtime_rejoin.ts";
import type { AuthClient } from "../auth_client.ts";

/**
 * The part of a `RealtimeChannel` that is used.
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
 * The part of a `SupabaseClient` that is used.
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
 * nobody is signed in, and rejects where the session cannot be verified or the backend exposes no tokens.
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
 * Options of {@linkcode connectSupabase}.
 *
 * @example
 * ```ts
 * import type { ConnectSupabaseOptions, ChannelLike } from "@unified-auth/client/supabase";
 *
 * const options: ConnectSupabaseOptions<ChannelLike> = {
 *   onChannelLost: ({ state }) => console.log("subscribe anew:", state),
 * };
 * ```
 */
export interface ConnectSupabaseOptions<Channel extends ChannelLike> {
  /**
   * Called for a channel that the server has closed and that cannot rejoin: subscribe anew.
   *
   * @default {console.error}
   */
  readonly onChannelLost?: ((channel: Channel) => void) | undefined;
}

/**
 * Gives Realtime each fresh access token before waiting calls go out. A channel that the server has closed,
 * because its token ran out, joins again as soon as the session is well; all are removed when the person
 * signs out or another comes. Connecting a client twice connects it once; it ends when each returned
 * function was called.
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
  auth: Pick<AuthClient<U>, "on" | "onRefreshed" | "getAccessToken" | "status">,
  client: SupabaseLike<Channel>,
  options: ConnectSupabaseOptions<Channel> = {},
): () => void {
  const connection = connected.get(client) ?? { users: 0, stop: connect(auth, client, options) };
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
  auth: Pick<AuthClient<U>, "on" | "onRefreshed" | "getAccessToken" | "status">,
  client: SupabaseLike<Channel>,
  {
    onChannelLost = (channel) =>
      console.error("A Realtime channel is lost: subscribe anew", channel),
  }: ConnectSupabaseOptions<Channel>,
): () => void {
  const watched = new Map<Channel, JoinedChannel>();

  /** A channel that is closed is in no list any more. */
  function watch(): void {
    for (const channel of client.getChannels()) {
      // One that has not joined yet is `closed`, too.
      if (watched.has(channel) || channel.state === "closed") continue;
      watched.set(channel, watchChannel(channel, client.realtime));
    }
  }

  async function renew(): Promise<void> {
    watch();
    const closed = [...watched].filter(([{ state }]) => state === "closed");
    const rejoining: JoinedChannel[] = [];
    for (const [channel, joined] of closed) {
      if (joined.isClosedByServer() && joined.restore()) rejoining.push(joined);
      else {
        watched.delete(channel);
        if (joined.isClosedByServer()) onChannelLost(channel);
        // One that the app has closed only takes up a topic.
        client.removeChannel(channel).catch(() => {});
      }
    }
    await client.realtime.setAuth(await auth.getAccessToken());
    for (const joined of rejoining) joined.rejoin();
  }

  // Not `removeAllChannels`: it waits for the server's answers and then closes the socket, under the
  // channels too that the next user's page has opened meanwhile (realtime-js 2.119.1).
  const leaveAll = (): void => {
    watched.clear();
    for (const channel of client.getChannels()) {
      // One that cannot be left any more has nothing to be left.
      client.removeChannel(channel).catch(() => {});
    }
  };
  watch();
  const stops = [
    auth.onRefreshed(renew),
    // Before a token runs out the client asks for another: then the channels are still there to be seen.
    auth.on("recovery", watch),
    auth.on("suspended", watch),
    auth.on("signed-out", leaveAll),
    auth.on("user-changed", leaveAll),
  ];
  return () => stops.forEach((stop) => stop());
}
