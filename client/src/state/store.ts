/**
 * Holds the state, presents it as a snapshot, and calls the listeners when the snapshot changes.
 *
 * @module
 */

import type { SessionEnvironment } from "../environment.ts";
import { createListeners, type Emitter, type SessionEvents } from "./events.ts";
import type { SessionUser } from "../transport/outcome.ts";
import { keepIfEqual, type SessionSnapshot, type SnapshotLimits, snapshotOf } from "./snapshot.ts";
import { type SessionEvent, type State, transition, UNKNOWN } from "./transition.ts";

export interface SessionStore<U extends SessionUser> {
  state(): State<U>;
  snapshot(): SessionSnapshot<U>;
  dispatch(event: SessionEvent<U>): void;
  subscribe(listener: () => void): () => void;
}

export function createSessionStore<U extends SessionUser>(
  environment: SessionEnvironment,
  emitter: Emitter<SessionEvents<U>>,
  limits: SnapshotLimits,
): SessionStore<U> {
  const listeners = createListeners<void>(environment.reportError);
  let state: State<U> = UNKNOWN;
  let snapshot = snapshotOf(state, environment.now(), limits);

  function dispatch(event: SessionEvent<U>): void {
    state = transition(state, event);
    const before = snapshot;
    snapshot = keepIfEqual(before, snapshotOf(state, environment.now(), limits));
    if (snapshot === before) return;
    listeners.call();
    emitter.emit("state", snapshot);
    const [old, warning] = [before.warning, snapshot.warning];
    if (old && old.kind !== warning?.kind) {
      emitter.emit("session-warning-cleared", { kind: old.kind });
    }
    if (warning && old?.kind !== warning.kind) emitter.emit("session-warning", warning);
    if (before.offline !== snapshot.offline) {
      emitter.emit(snapshot.offline ? "offline" : "online", null);
    }
  }

  return {
    state: () => state,
    snapshot: () => snapshot,
    dispatch,
    subscribe: (listener) => listeners.add(() => listener()),
  };
}
