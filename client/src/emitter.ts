/**
 * Typed events whose listeners cannot hurt each other: one that throws is reported, the others are
 * still called. It must not know what the events mean.
 *
 * @module
 */

export interface Emitter<Events> {
  /** Adds a listener; the returned function removes it. */
  on<Name extends keyof Events>(name: Name, listener: (detail: Events[Name]) => void): () => void;
  emit<Name extends keyof Events>(name: Name, detail: Events[Name]): void;
}

/** A set of functions that are called in turn, each on its own. */
export interface Listeners<Detail> {
  add(listener: (detail: Detail) => void): () => void;
  call(detail: Detail): void;
}

export function createListeners<Detail>(reportError: (error: unknown) => void): Listeners<Detail> {
  const listeners = new Set<{ readonly listener: (detail: Detail) => void }>();
  return {
    add(listener) {
      // Wrapped, so that one function added twice is called twice and removed one at a time.
      const entry = { listener };
      listeners.add(entry);
      return () => void listeners.delete(entry);
    },
    call(detail) {
      for (const { listener } of [...listeners]) {
        try {
          listener(detail);
        } catch (error) {
          reportError(error);
        }
      }
    },
  };
}

export function createEmitter<Events>(reportError: (error: unknown) => void): Emitter<Events> {
  const byName: { [Name in keyof Events]?: Listeners<Events[Name]> } = {};
  return {
    on: (name, listener) => (byName[name] ??= createListeners(reportError)).add(listener),
    emit: (name, detail) => byName[name]?.call(detail),
  };
}
