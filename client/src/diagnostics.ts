/**
 * The latest events, so that an app can explain what happened to a session. Never a token, never a
 * user's data but the id.
 *
 * @module
 */

import type { Emitter } from "./emitter.ts";
import type { SessionEnvironment } from "./environment.ts";
import type { DiagnosticEntry, SessionEvents } from "./events.ts";
import type { SessionUser } from "./outcome.ts";

const KEPT = 100;

/** Wraps `emitter` so that what passes is also kept, up to a bound. */
export function keepDiagnostics<U extends SessionUser>(
  emitter: Emitter<SessionEvents<U>>,
  { now }: Pick<SessionEnvironment, "now">,
): { readonly emitter: Emitter<SessionEvents<U>>; entries(): readonly DiagnosticEntry[] } {
  const kept: DiagnosticEntry[] = [];
  return {
    emitter: {
      on: emitter.on,
      emit(name, detail) {
        const { user: _, ...rest } = { user: null, ...detail };
        kept.push({ at: now().date, event: name, detail: rest });
        if (kept.length > KEPT) kept.shift();
        emitter.emit(name, detail);
      },
    },
    entries: () => [...kept],
  };
}
