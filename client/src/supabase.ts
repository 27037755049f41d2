/**
 * Keeps supabase-js on the session's current access token: its requests, its Realtime socket and its
 * channels. It must not import supabase-js: it says by interfaces what it uses of it.
 *
 * @module
 */

import type { SessionUser } from "./outcome.ts";
import type { Session } from "./session.ts";

/** What is used of a `RealtimeChannel`. */
export interface ChannelLike {
  readonly state: string;
}

/** What is used of a `SupabaseClient`. */
export interface SupabaseLike<Channel extends ChannelLike> {
  readonly realtime: { setAuth(token?: string | null): Promise<void> | void };
  getChannels(): Channel[];
  removeChannel(channel: Channel): Promise<unknown>;
}

/**
 * For the option `accessToken` of `createClient`. supabase-js takes null for "use the public key", so
 * that a request of somebody whose session is merely in doubt would go out as nobody's: then this
 * rejects, and the request is not sent.
 */
export function supabaseAccessToken<U extends SessionUser>(
  session: Pick<Session<U>, "getAccessToken">,
): () => Promise<string | null> {
  return () => session.getAccessToken();
}

/** One connection a client, however many components ask for it. */
const connected = new WeakMap<object, { users: number; stop(): void }>();

/**
 * Gives Realtime each fresh access token before waiting calls go out, removes channels that are
 * closed for good, and removes all of them when the person signs out or another comes. Connecting a
 * client twice connects it once; it ends when each returned function was called.
 */
export function connectSupabase<U extends SessionUser, Channel extends ChannelLike>(
  session: Pick<Session<U>, "on" | "onRefreshed" | "getAccessToken">,
  client: SupabaseLike<Channel>,
): () => void {
  const connection = connected.get(client) ?? { users: 0, stop: connect(session, client) };
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
  session: Pick<Session<U>, "on" | "onRefreshed" | "getAccessToken">,
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
    session.onRefreshed(async () => {
      await client.realtime.setAuth(await session.getAccessToken());
      // One that is errored joins again by itself; one that is closed only takes up a topic.
      const stale = client.getChannels().filter(({ state }) => state === "closed");
      await Promise.all(stale.map((channel) => client.removeChannel(channel)));
    }),
    session.on("signed-out", leaveAll),
    session.on("user-changed", leaveAll),
  ];
  return () => stops.forEach((stop) => stop());
}
