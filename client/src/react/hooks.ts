/**
 * What components read of a session. A hook subscribes, selects and returns: none of them asks the
 * server or changes anything.
 *
 * @module
 */

// @ts-types="@types/react"
import { useEffect, useReducer, useRef, useSyncExternalStore } from "react";
import type {
  SessionEventName,
  SessionEvents,
  SessionSnapshot,
  SessionUser,
  SessionWarning,
} from "../index.ts";
import { useSessionClient } from "./context.ts";

/** The whole snapshot: renders with each visible change. */
export function useSession<U extends SessionUser = SessionUser>(): SessionSnapshot<U>;
/** What `select` takes of it: renders when that changes. It must return the same value for the same snapshot. */
export function useSession<T, U extends SessionUser = SessionUser>(
  select: (snapshot: SessionSnapshot<U>) => T,
): T;
export function useSession<U extends SessionUser>(
  select: (snapshot: SessionSnapshot<U>) => unknown = (snapshot) => snapshot,
): unknown {
  const session = useSessionClient<U>();
  return useSyncExternalStore(
    session.subscribe,
    () => select(session.getSnapshot()),
    () => select(session.getServerSnapshot()),
  );
}

/** Whether a write would be accepted now. */
export function useCanMutate(): boolean {
  return useSession(({ canMutate }) => canMutate);
}

/** A warning with its countdown. */
export interface CountedWarning extends SessionWarning {
  /** Whole seconds, rounded up; 0 when the time is over. */
  readonly secondsLeft: number;
}

/** The warning to show, counted down by the second; null, and no timer, while there is none. */
export function useSessionWarning(): CountedWarning | null {
  const warning = useSession((snapshot) => snapshot.warning);
  const [, render] = useReducer((count: number) => count + 1, 0);
  useEffect(() => {
    if (!warning) return;
    const timer = setInterval(render, 1000);
    return () => clearInterval(timer);
  }, [warning]);
  if (!warning) return null;
  // Read while rendering: a time that was kept would be the one of the mount in the first render.
  return { ...warning, secondsLeft: Math.max(0, Math.ceil((warning.endsAt - Date.now()) / 1000)) };
}

/** Calls `listener` for each event while the component is mounted; always the latest `listener`. */
export function useSessionEvent<Name extends SessionEventName, U extends SessionUser = SessionUser>(
  name: Name,
  listener: (detail: SessionEvents<U>[Name]) => void,
): void {
  const session = useSessionClient<U>();
  const latest = useRef(listener);
  useEffect(() => {
    latest.current = listener;
  });
  useEffect(() => session.on(name, (detail) => latest.current(detail)), [session, name]);
}
