/**
 * What all tabs of a browser know together: one record without any token, kept in `localStorage`
 * where there is one. It is the hint for the first paint, the result that other tabs adopt, and the
 * common waiting time after a failure. It must not know how tabs are told that it changed.
 *
 * @module
 */

import type { SessionEnvironment } from "./environment.ts";
import type { LogoutScope, RejectReason, SessionUser } from "./outcome.ts";
import type { Grant } from "./transition.ts";

/** A grant as it is written down: its moment and its serial are the record's. */
export type SharedGrant<U extends SessionUser> = Omit<Grant<U>, "at" | "serial">;

export interface SharedRecord<U extends SessionUser> {
  readonly v: 1;
  /** Counts sign-ins and sign-outs: an answer to a question of an earlier epoch is void. */
  readonly epoch: number;
  /**
   * Grows with every writing, so that a late message cannot bring an older record back. Never below
   * the wall clock, so that it also grows past what a tab remembers of a storage that was emptied.
   */
  readonly edition: number;
  /** When the server last gave a verdict, by the wall clock, which all tabs share. */
  readonly at: number;
  /** Counts the access tokens that this browser was given. */
  readonly serial: number;
  readonly grant: SharedGrant<U> | null;
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
  edition: 0,
  at: 0,
  serial: 0,
  grant: null,
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
  /** Writes the changed fields over the newest record, at `date` by the wall clock. */
  write(change: Partial<SharedRecord<U>>, date: number): SharedRecord<U>;
  /** Takes over a record that another tab sent, unless a newer one is known. */
  accept(record: unknown): void;
}

export function createSharedRecordStore<U extends SessionUser>(
  storage: SessionEnvironment["storage"],
  storageKey: string,
): SharedRecordStore<U> {
  let memory: SharedRecord<U> = EMPTY;

  function accept(record: unknown): void {
    if (isSharedRecord<U>(record) && record.edition > memory.edition) memory = record;
  }

  function read(): SharedRecord<U> {
    try {
      const stored: unknown = JSON.parse(storage?.getItem(storageKey) ?? "null");
      // Of two tabs that wrote the same edition at once, the storage knows who was last.
      if (isSharedRecord<U>(stored) && stored.edition >= memory.edition) memory = stored;
    } catch {
      // Blocked, or not ours: what is in memory still holds.
    }
    return memory;
  }

  return {
    read,
    accept,
    write(change, date) {
      const previous = read();
      const edition = Math.max(previous.edition + 1, date);
      memory = { ...previous, ...change, edition };
      try {
        storage?.setItem(storageKey, JSON.stringify(memory));
      } catch {
        // Full or blocked: the other tabs still get the message.
      }
      return memory;
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
