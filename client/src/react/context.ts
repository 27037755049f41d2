/**
 * Gives a session to the components below, and starts it for as long as they are mounted. It must
 * not ask the server itself: only `start()` does.
 *
 * @module
 */

// @ts-types="@types/react"
import { createContext, createElement, type ReactNode, useContext, useEffect } from "react";
import type { Session, SessionUser } from "../index.ts";

const SessionContext = createContext<Session<SessionUser> | null>(null);

export interface SessionProviderProps<U extends SessionUser> {
  /** Made once, outside of any component. */
  readonly session: Session<U>;
  readonly children?: ReactNode;
}

/** How many mounted providers give each session. */
const mounted = new WeakMap<object, number>();

function count(session: object, change: 1 | -1): void {
  mounted.set(session, (mounted.get(session) ?? 0) + change);
}

/** Starts `session` in the browser and disposes it when it is unmounted; on a server it only passes it on. */
export function SessionProvider<U extends SessionUser>(
  { session, children }: SessionProviderProps<U>,
): ReactNode {
  useEffect(() => {
    count(session, 1);
    session.start();
    return () => {
      count(session, -1);
      // StrictMode unmounts and mounts again in one go, children first: what a child has asked for in its
      // effect must not be turned away, nor what it asks for before this effect runs again.
      queueMicrotask(() => {
        if (!mounted.get(session)) session.dispose();
      });
    };
  }, [session]);
  return createElement(
    SessionContext.Provider,
    { value: session as unknown as Session<SessionUser> },
    children,
  );
}

/**
 * The session of the nearest provider.
 *
 * @throws {TypeError} If there is none.
 */
export function useSessionClient<U extends SessionUser = SessionUser>(): Session<U> {
  const session = useContext(SessionContext);
  if (!session) throw new TypeError("Cannot use a session outside of 'SessionProvider'");
  return session as unknown as Session<U>;
}
