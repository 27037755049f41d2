/**
 * The record that all tabs of a browser share: without any token, kept in `localStorage` where there is
 * one. It is the hint for the first paint, the result that other tabs apply, and the
 * common waiting time after a failure. Tabs hear of each other's writing by `BroadcastChannel` and by
 * the storage event.
 *
 * @module
 */

import type { SessionChannel, SessionEnvironment } from "../environment.ts";
import type { LogoutScope, RejectReason, SessionUser } from "../transport/outcome.ts";
import type { Grant } from "../state/transition.ts";

/** A grant as it is written down: its moment and its serial are the record's. */
export interface SharedGrant<U extends SessionUser> extends Omit<Grant<U>, "at" | "serial"> {
  /** It was read from the storage, where the user is no more than a hint. */
  readonly isHint?: true;
}

export interface SharedRecord<U extends SessionUser> {
  readonly v: 1;
  /** Counts sign-ins and sign-outs: an answer to a question of an earlier epoch is void. */
  readonly epoch: number;
  /** Counts the sign-ins that were begun: what is under way when one begins is given up. */
  readonly signIns: number;
  /**
   * Grows with every writing, so that a late message cannot bring an older record back. Never below
   * the wall clock, so that it also grows past what a tab remembers of a storage that was emptied.
   */
  readonly edition: number;
  /** When the server last answered, by the wall clock, which all tabs share. */
  readonly at: number;
  /** Counts the access tokens that this browser was given. */
  readonly serial: number;
  readonly grant: SharedGrant<U> | null;
  /** The session that ended last. */
  readonly endedId: string | null;
  /** Why there is no grant any more. */
  readonly ended: RejectReason | "signed-out" | null;
  readonly failures: number;
  /** When the last attempt failed, by the wall clock. */
  readonly failedAt: number;
  /** No tab asks before this moment, by the wall clock. */
  readonly retryAt: number | null;
  /** The server itself asked for that wait. */
  readonly retryIsOrder: boolean;
  /** Since when the server has asked for a proof of a key that cannot be read; null: it has not. */
  readonly keyFailedAt: number | null;
  /** A sign-out that has not reached the server yet. */
  readonly pendingLogout: LogoutScope | null;
}

const EMPTY: SharedRecord<never> = {
  v: 1,
  epoch: 0,
  signIns: 0,
  edition: 0,
  at: 0,
  serial: 0,
  grant: null,
  endedId: null,
  ended: null,
  failures: 0,
  failedAt: 0,
  retryAt: null,
  retryIsOrder: false,
  keyFailedAt: null,
  pendingLogout: null,
};

export interface SharedRecordStore<U extends SessionUser> {
  /** The newest record: the stored one, or the one in memory where nothing is stored. */
  read(): SharedRecord<U>;
  /** Changes fields of the newest record, at `date` by the wall clock; `post` is called before it is stored. */
  write(
    change: Partial<SharedRecord<U>>,
    date: number,
    post: (record: SharedRecord<U>) => void,
  ): void;
  /** Takes over a record that another tab sent, unless a newer one is known. */
  accept(record: unknown): void;
}

function createSharedRecordStore<U extends SessionUser>(
  storage: SessionEnvironment["storage"],
  storageKey: string,
  hint: readonly (keyof U)[],
): SharedRecordStore<U> {
  let memory: SharedRecord<U> = EMPTY;

  function accept(record: unknown): void {
    if (!isSharedRecord<U>(record)) return;
    // The storage may have been read before the message came; only the message has the whole user.
    const isWhole = record.edition === memory.edition && memory.grant?.isHint;
    if (record.edition > memory.edition || isWhole) memory = { ...EMPTY, ...record };
  }

  function read(): SharedRecord<U> {
    try {
      const stored: unknown = JSON.parse(storage?.getItem(storageKey) ?? "null");
      // Of two tabs that wrote the same edition at once, the storage knows who was last.
      if (isSharedRecord<U>(stored) && stored.edition >= memory.edition) memory = completed(stored);
    } catch {
      // Blocked, or not ours: what is in memory still holds.
    }
    return memory;
  }

  /** `stored`, with the user as far as this page knows it. */
  function completed(record: SharedRecord<U>): SharedRecord<U> {
    const stored = { ...EMPTY, ...record };
    const known = memory.grant;
    const { grant } = stored;
    if (!grant || !known || known.isHint || known.user.id !== grant.user.id) return stored;
    const { isHint: _, ...whole } = grant;
    return { ...stored, grant: { ...whole, user: { ...known.user, ...grant.user } } };
  }

  function hintOf({ user, ...grant }: SharedGrant<U>): SharedGrant<U> {
    const kept = hint.map((name) => [name, user[name]]);
    return { ...grant, user: { id: user.id, ...Object.fromEntries(kept) }, isHint: true };
  }

  return {
    read,
    accept,
    write(change, date, post) {
      const previous = read();
      const edition = Math.max(previous.edition + 1, date);
      memory = { ...previous, ...change, edition };
      // Other tabs hear of the storage too, which has only a hint of the user.
      post(memory);
      try {
        const { grant } = memory;
        storage?.setItem(storageKey, JSON.stringify({ ...memory, grant: grant && hintOf(grant) }));
      } catch {
        // Full or blocked: the other tabs have the message.
      }
    },
  };
}

/** Anything may be in the storage of an origin: what is not of this form is no record. */
function isSharedRecord<U extends SessionUser>(value: unknown): value is SharedRecord<U> {
  const record = value as SharedRecord<U> | null;
  const grant = record?.grant;
  return record?.v === 1 &&
    areNumbers(record.epoch, record.edition, record.at, record.serial, record.failures) &&
    (!grant || typeof grant.user?.id === "string" && typeof grant.sessionId === "string" &&
        areNumbers(grant.generation, grant.accessInMs, grant.accessTtlMs));
}

function areNumbers(...values: readonly unknown[]): boolean {
  return values.every(Number.isFinite);
}

export interface Tabs<U extends SessionUser> {
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

export function createTabs<U extends SessionUser>(
  environment: SessionEnvironment,
  { storageKey, channelName, hint, onChange }: {
    readonly storageKey: string;
    readonly channelName: string;
    readonly hint: readonly (keyof U)[];
    readonly onChange: () => void;
  },
): Tabs<U> {
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

/** Where channels are blocked, the storage event reaches the other tabs. */
function attempt(use: () => void): void {
  try {
    use();
  } catch {
    // Nothing is lost: the server answers two tabs alike.
  }
}
