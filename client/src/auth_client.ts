/**
 * The client: a session over the HTTP API of Unified Auth, as one object.
 *
 * @module
 */

import { createSession } from "./session/create_session.ts";
import { browserEnvironment, ownAddress } from "./environment.ts";
import { createHttpTransport } from "./transport/http_transport.ts";
import type { AuthClientOptions } from "./session/options.ts";
import type { SessionClient } from "./session/session.ts";
import { browserNavigation } from "./sign_in/oauth.ts";
import { browserPasskeys } from "./sign_in/passkey.ts";
import { createSignIn } from "./sign_in/create_sign_in.ts";
import type { SignIn } from "./sign_in/sign_in.ts";
import type { DevicesOutcome, EndDeviceOutcome } from "./transport/devices.ts";
import type { SessionUser } from "./transport/outcome.ts";
import type { UnifiedAuthUser } from "./transport/views.ts";

/**
 * The person's signed-in browsers and devices.
 *
 * @example
 * ```ts
 * import { createAuthClient } from "@unified-auth/client";
 *
 * const auth = createAuthClient({ baseUrl: "/functions/v1/unified-auth" });
 * const outcome = await auth.devices.list();
 * if (outcome.kind === "listed") {
 *   const other = outcome.devices.find(({ current }) => !current);
 *   if (other) await auth.devices.end(other.id);
 * }
 * ```
 */
export interface Devices {
  /** Lists them, this one marked as `current`. */
  list(): Promise<DevicesOutcome>;
  /** Ends one of them. */
  end(id: string): Promise<EndDeviceOutcome>;
}

/**
 * A session in the browser that nothing ends by mistake. It is also a Svelte store.
 *
 * @example
 * ```ts
 * import { createAuthClient } from "@unified-auth/client";
 *
 * const auth = createAuthClient({ baseUrl: "/functions/v1/unified-auth" });
 * const stop = auth.subscribe(({ status, user }) => console.log(status, user?.email));
 * stop();
 * ```
 */
export interface AuthClient<U extends SessionUser = UnifiedAuthUser> extends SessionClient<U> {
  /** The ways to sign in. */
  readonly signIn: SignIn<U>;
  /** The person's devices. */
  readonly devices: Devices;
}

/**
 * Makes the client of this page: once, at the top level of a module. In a page it starts itself and asks
 * the server who is signed in; on a server it touches neither timers nor network until it is called.
 *
 * @throws {TypeError} If `baseUrl` is missing or no HTTP URL.
 * @throws {RangeError} If a number is negative, not finite, or too large for a timer.
 *
 * @example
 * ```ts
 * import { createAuthClient } from "@unified-auth/client";
 *
 * export const auth = createAuthClient({ baseUrl: "/functions/v1/unified-auth" });
 *
 * const outcome = await auth.signIn.withPassword({ email: "ada@example.com", password: "…" });
 * if (outcome.kind === "refused") console.log(outcome.message);
 * ```
 */
export function createAuthClient<U extends UnifiedAuthUser = UnifiedAuthUser>(
  options: AuthClientOptions<U>,
): AuthClient<U> {
  const { baseUrl, unstable_timing, unstable_environment, fetch, ...rest } = options ?? {};
  const environment = {
    ...browserEnvironment(),
    hasSessionCookie: () => hasSessionCookie(baseUrl),
    ...(fetch && { fetch }),
    ...unstable_environment,
  };
  const transport = createHttpTransport<U>({ baseUrl, environment });
  const session = createSession<U>({ ...rest, ...unstable_timing, transport, environment });
  const { ask, request, signIn } = session;

  if (environment.document) session.start();
  // On the same object, whose `user` and `status` are getters.
  return Object.assign(session as Omit<typeof session, "signIn" | "ask" | "request">, {
    signIn: createSignIn<U>({
      session: { ask, request, signIn },
      transport,
      environment,
      navigation: browserNavigation(),
      passkeys: browserPasskeys,
    }),
    devices: {
      list: () => request((call) => transport.sessions(call)),
      end: (id: string) => request((call) => transport.endSession(id, call)),
    },
  });
}

/** Under any prefix and suffix: which of them the functions use is their setting. */
const PRESENT_COOKIE = /(?:^|; )(?:__(?:Host|Secure)-)?session_present[^=;]*=/;

/**
 * Whether the readable cookie is there that says that there is a session. Not known without a page, in one
 * that may read no cookies, and of functions on another host, whose cookies only they may see.
 */
function hasSessionCookie(baseUrl: string | URL): boolean | undefined {
  const { document, location } = globalThis;
  if (!document || !location) return undefined;
  // No port keeps cookies apart; a page of plain HTTP reads no `Secure` ones.
  const { protocol, hostname } = new URL(baseUrl, ownAddress());
  if (protocol !== location.protocol || hostname !== location.hostname) return undefined;
  try {
    return PRESENT_COOKIE.test(document.cookie);
  } catch {
    return undefined; // a sandboxed frame
  }
}
