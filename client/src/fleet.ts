/**
 * All tabs of one browser as one: writes the shared record, tells the other tabs, and hears of their
 * writing, by `BroadcastChannel` and by the storage event. It must not know what the record means.
 *
 * @module
 */

import type { SessionChannel, SessionEnvironment } from "./environment.ts";
import type { SessionUser } from "./outcome.ts";
import { createSharedRecordStore, type SharedRecord } from "./shared_record.ts";

export interface Fleet<U extends SessionUser> {
  read(): SharedRecord<U>;
  /** Changes the record for all tabs. */
  share(change: Partial<SharedRecord<U>>): void;
  /** Starts to listen, and listens again after `close`. Does nothing while open. */
  open(): void;
  /**
   * Stops listening. A page must do so before it enters the back/forward cache: a message that
   * arrives there evicts it (Chromium: `broadcastchannel-message`).
   */
  close(): void;
}

export function createFleet<U extends SessionUser>(
  environment: SessionEnvironment,
  { storageKey, channelName, hint, onChange }: {
    readonly storageKey: string;
    readonly channelName: string;
    readonly hint: readonly (keyof U)[];
    readonly onChange: () => void;
  },
): Fleet<U> {
  const { window, storage, now } = environment;
  const store = createSharedRecordStore<U>(storage, storageKey, hint);
  let channel: SessionChannel | null = null;
  let isOpen = false;

  function onStorage(event: Event): void {
    if ((event as StorageEvent).key === storageKey) onChange();
  }

  return {
    read: store.read,
    share(change) {
      store.write(change, now().date, (record) => attempt(() => channel?.postMessage(record)));
    },
    open() {
      if (isOpen) return;
      isOpen = true;
      attempt(() => {
        channel = environment.openChannel(channelName);
        if (!channel) return;
        channel.onmessage = ({ data }) => {
          store.accept(data);
          onChange();
        };
      });
      window?.addEventListener("storage", onStorage);
    },
    close() {
      isOpen = false;
      attempt(() => channel?.close());
      channel = null;
      window?.removeEventListener("storage", onStorage);
    },
  };
}

/** Where channels are blocked, the storage tells the other tabs. */
function attempt(use: () => void): void {
  try {
    use();
  } catch {
    // Nothing is lost: the server answers two tabs alike.
  }
}
