/**
 * Hooks bound to one client and to the type of its users. A hook subscribes, selects and returns: none of
 * them asks the server or changes anything, and none needs a provider.
 *
 * @module
 */

// @ts-types="@types/react"
import {
  createContext,
  createElement,
  type ReactNode,
  useContext,
  useEffect,
  useLayoutEffect,
  useMemo,
  useReducer,
  useRef,
  useState,
  useSyncExternalStore,
} from "react";
import type {
  AuthClient,
  InitialSession,
  SessionEventName,
  SessionEvents,
  SessionSnapshot,
  SessionUser,
  SessionWarning,
} from "../index.ts";
import {
  createBanners,
  type SessionEndedBannerProps,
  type SessionWarningBannerProps,
} from "./banners.ts";
import { isShallowEqual } from "./shallow_equal.ts";

/**
 * A warning with its countdown.
 *
 * @example
 * ```tsx
 * import { createAuthClient } from "@unified-auth/client";
 * import { createAuthHooks } from "@unified-auth/client/react";
 *
 * const auth = createAuthClient({ baseUrl: "/functions/v1/unified-auth" });
 * const { useSessionWarning } = createAuthHooks(auth);
 *
 * export function Countdown() {
 *   const warning = useSessionWarning();
 *   return warning && <p>{warning.secondsLeft} s</p>;
 * }
 * ```
 */
export interface CountedWarning extends SessionWarning {
  /** Whole seconds, rounded up; 0 when no time is left. */
  readonly secondsLeft: number;
}

/**
 * The part of a client that the hooks use.
 *
 * @example
 * ```tsx
 * import { createAuthClient } from "@unified-auth/client";
 * import { createAuthHooks } from "@unified-auth/client/react";
 *
 * const auth = createAuthClient({ baseUrl: "/functions/v1/unified-auth" });
 * export const { useAuth } = createAuthHooks(auth);
 * ```
 */
export type HookedClient<U extends SessionUser> = Pick<
  AuthClient<U>,
  | "getSnapshot"
  | "getServerSnapshot"
  | "subscribe"
  | "on"
  | "hydrate"
  | "refresh"
  | "dismissWarning"
>;

/**
 * Props of `AuthProvider`.
 *
 * @example
 * ```tsx
 * import { createAuthClient } from "@unified-auth/client";
 * import { createAuthHooks } from "@unified-auth/client/react";
 *
 * const auth = createAuthClient({ baseUrl: "/functions/v1/unified-auth" });
 * import type { InitialSession } from "@unified-auth/client";
 * const { AuthProvider, useAuth } = createAuthHooks(auth);
 *
 * function Name() {
 *   return <p>{useAuth().user?.email}</p>;
 * }
 *
 * export function Page({ initial }: { initial: InitialSession }) {
 *   return (
 *     <AuthProvider initial={initial}>
 *       <Name />
 *     </AuthProvider>
 *   );
 * }
 * ```
 */
export interface AuthProviderProps<U extends SessionUser> {
  /** The visitor's session as `readSession` found it when the server rendered the page. */
  readonly initial: InitialSession<U>;
  /** The page. */
  readonly children?: ReactNode;
}

/**
 * The hooks and components of one client.
 *
 * @example
 * ```tsx
 * import { createAuthClient } from "@unified-auth/client";
 * import { createAuthHooks } from "@unified-auth/client/react";
 *
 * const auth = createAuthClient({ baseUrl: "/functions/v1/unified-auth" });
 * export const { useAuth, useCanMutate, SessionEndedBanner } = createAuthHooks(auth);
 * ```
 */
export interface AuthHooks<U extends SessionUser> {
  /** The whole snapshot: renders with each visible change. */
  useAuth(): SessionSnapshot<U>;
  /** Selects from the snapshot: renders when the selection changes. `select` may make objects. */
  useAuth<T>(select: (snapshot: SessionSnapshot<U>) => T): T;
  /** Whether a write would be accepted now. */
  useCanMutate(): boolean;
  /** The warning to show, counted down by the second; null, and no timer, while there is none. */
  useSessionWarning(): CountedWarning | null;
  /** Calls `listener` for each event while the component is mounted; always the latest `listener`. */
  useAuthEvent<Name extends SessionEventName>(
    name: Name,
    listener: (detail: SessionEvents<U>[Name]) => void,
  ): void;
  /** Only for pages that a server renders for their visitor: the first paint shows what the server knew. */
  AuthProvider(props: AuthProviderProps<U>): ReactNode;
  /** Counts down to the end of the session, with a way to stay. Nothing while there is no warning. */
  SessionWarningBanner(props: SessionWarningBannerProps): ReactNode;
  /** Says that the session has ended, and why. The page below stays as it is. */
  SessionEndedBanner(props: SessionEndedBannerProps): ReactNode;
}

/**
 * Makes the hooks of `auth`, once, beside it.
 *
 * @example
 * ```tsx
 * import { createAuthClient } from "@unified-auth/client";
 * import { createAuthHooks } from "@unified-auth/client/react";
 *
 * const auth = createAuthClient({ baseUrl: "/functions/v1/unified-auth" });
 * const { useAuth } = createAuthHooks(auth);
 *
 * export function Greeting() {
 *   const { user } = useAuth();
 *   return <p>Hello {user?.email}</p>;
 * }
 * ```
 */
export function createAuthHooks<U extends SessionUser>(auth: HookedClient<U>): AuthHooks<U> {
  // Per render on a server, where one module serves many visitors.
  const Rendered = createContext<SessionSnapshot<U> | null>(null);

  function AuthProvider({ initial, children }: AuthProviderProps<U>): ReactNode {
    // React 18 complains of layout effects on a server.
    const useBeforePaint = typeof document === "undefined" ? useEffect : useLayoutEffect;
    // Not while rendering: components outside of this one may be subscribed already.
    useBeforePaint(() => auth.hydrate(initial), [initial]);
    const [rendered] = useState(() => {
      const { user, status } = initial;
      const first = status === "active" || status === "signed-out" ? status : "restoring";
      return { ...auth.getServerSnapshot(), status: first, user } as const;
    });
    return createElement(Rendered.Provider, { value: rendered }, children);
  }

  function useAuth<T = SessionSnapshot<U>>(select?: (snapshot: SessionSnapshot<U>) => T): T {
    const rendered = useContext(Rendered);
    const committed = useRef<{ readonly value: T } | null>(null);
    const [read, readServer] = useMemo(() => {
      // One snapshot is selected from once, so that an object that is made anew makes no loop.
      const memo = (getSnapshot: () => SessionSnapshot<U>): () => T => {
        let last: { readonly snapshot: SessionSnapshot<U>; readonly value: T } | null = null;
        return () => {
          const snapshot = getSnapshot();
          if (last?.snapshot === snapshot) return last.value;
          const value = select ? select(snapshot) : snapshot as T;
          const before = last ?? committed.current;
          last = {
            snapshot,
            value: before && isShallowEqual(before.value, value) ? before.value : value,
          };
          return last.value;
        };
      };
      return [memo(auth.getSnapshot), memo(() => rendered ?? auth.getServerSnapshot())];
    }, [select, rendered]);
    const value = useSyncExternalStore(auth.subscribe, read, readServer);
    useEffect(() => {
      committed.current = { value };
    }, [value]);
    return value;
  }

  function useSessionWarning(): CountedWarning | null {
    const warning = useAuth((snapshot) => snapshot.warning);
    const [, render] = useReducer((count: number) => count + 1, 0);
    useEffect(() => {
      if (!warning) return;
      const timer = setInterval(render, 1000);
      return () => clearInterval(timer);
    }, [warning]);
    if (!warning) return null;
    // Read while rendering: a time that was kept would be the one of the mount in the first render.
    const leftMs = warning.endsAt - Date.now();
    return { ...warning, secondsLeft: Math.max(0, Math.ceil(leftMs / 1000)) };
  }

  function useAuthEvent<Name extends SessionEventName>(
    name: Name,
    listener: (detail: SessionEvents<U>[Name]) => void,
  ): void {
    const latest = useRef(listener);
    useEffect(() => {
      latest.current = listener;
    });
    useEffect(() => auth.on(name, (detail) => latest.current(detail)), [name]);
  }

  return {
    useAuth,
    useCanMutate: () => useAuth(({ canMutate }) => canMutate),
    useSessionWarning,
    useAuthEvent,
    AuthProvider,
    ...createBanners(auth, { useAuth, useSessionWarning }),
  };
}
