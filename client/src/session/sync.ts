/**
 * How a server's answer becomes the state of every tab: the tab that asked writes it into the shared
 * record, and the others apply it from there.
 *
 * @module
 */

import type { SessionCore } from "./core.ts";
import { elapsedMs, type Instant, instantAt } from "../environment.ts";
import type {
  Busy,
  LogoutScope,
  RejectReason,
  SessionUser,
  Unavailable,
  Valid,
} from "../transport/outcome.ts";
import type { SharedGrant, SharedRecord } from "../tabs/shared_record.ts";

export interface SessionSync<U extends SessionUser> {
  /** Takes what the record holds now as known, without believing it: that is for the first page. */
  begin(): SharedRecord<U>;
  /** Follows what other tabs have written since. */
  apply(): void;
  /** Writes a verified session for all tabs; `asked` is when the request was sent. */
  commit(valid: Valid<U>, asked: Instant, signedIn?: boolean): Promise<void>;
  /** Writes for all tabs that a sign-in begins here: they give up what they have under way. */
  beginSignIn(): void;
  /** Writes for all tabs that the server said no. */
  reject(reason: RejectReason): void;
  /** Writes for all tabs that somebody signed out here; the request to the server is pending. */
  signOut(scope: LogoutScope): void;
  /** Writes for all tabs that an attempt failed. */
  fail(outcome: Busy | Unavailable, waitMs: number): void;
  /** Makes the record's failures those of this page. */
  followFailures(): void;
}

/** Called when there is a fresh access token, before waiting calls go out. */
export type Refreshed = (
  detail: {
    readonly generation: number;
    readonly source: "self" | "peer";
    readonly first: boolean;
  },
) => Promise<void>;

/** A frozen tab hides the key for up to a minute, so that three failures in a row prove nothing. */
const KEY_LOST_AFTER_FAILURES = 3;
const KEY_LOST_AFTER_MS = 120_000;

/** Two readings of one expiry differ by the way there and by the server's whole seconds. */
const SAME_EXPIRY_MS = 2_000;

export function createSync<U extends SessionUser>(
  { environment, emitter, store, tabs }: SessionCore<U>,
  { onRefreshed, onAnswer, onSignIn, onHint }: {
    readonly onRefreshed: Refreshed;
    /** Another tab begins to sign in. */
    readonly onSignIn: () => void;
    /** Another tab learned of a session, of which this one has no more than a hint. */
    readonly onHint: () => void;
    /** After every change of what calls may expect. */
    readonly onAnswer: () => void;
  },
): SessionSync<U> {
  const { now } = environment;
  let seen: Pick<SharedRecord<U>, "epoch" | "signIns" | "at" | "edition" | "grant"> = tabs.read();

  function begin(): SharedRecord<U> {
    const record = tabs.read();
    seen = record;
    return record;
  }

  /** Makes the record's grant the state of this page. */
  async function enter(record: SharedRecord<U>, source: "self" | "peer"): Promise<void> {
    const before = store.state();
    const shared = record.grant;
    if (!shared) return;
    const user = sameOr(before.user, shared.user);
    const grant = { ...shared, user, serial: record.serial, at: instantAt(record.at, now()) };
    const fresh = before.grant?.serial !== grant.serial;
    const signedIn = record.epoch !== seen.epoch;
    seen = record;
    store.dispatch({ type: "granted", grant });
    const refreshed = fresh
      ? onRefreshed({ generation: grant.generation, source, first: !before.grant })
      : undefined;
    if (before.user && before.user.id !== user.id) {
      emitter.emit("user-changed", { from: before.user.id, to: user.id });
    }
    if (signedIn) emitter.emit("signed-in", { userId: user.id, source });
    await refreshed;
    onAnswer();
  }

  /** Makes the record's end the state of this page. */
  function leave(record: SharedRecord<U>, source: "self" | "peer"): void {
    const { status, grant } = store.state();
    const sessionLengthMs = grant && grant.ageMs !== null
      ? grant.ageMs + elapsedMs(grant.at, now())
      : null;
    seen = record;
    if (record.ended === "signed-out") {
      const reason = source === "self" ? "signed-out" : "signed-out-elsewhere";
      store.dispatch({ type: "signed-out", reason });
      if (status !== "signed-out") emitter.emit("signed-out", { source, sessionLengthMs });
    } else if (record.ended) {
      store.dispatch({ type: "rejected", reason: record.ended });
      const after = store.state();
      if (after.status === "ended" && status !== "ended") {
        emitter.emit("session-ended", { reason: after.reason, sessionLengthMs });
      }
    }
    onAnswer();
  }

  function apply(): void {
    const record = tabs.read();
    const isCompleted = seen.grant?.isHint && !record.grant?.isHint;
    if (record.edition === seen.edition && !isCompleted) return;
    if (store.state().status === "unknown") return;
    if (record.signIns !== seen.signIns) onSignIn();
    const isNews = record.at !== seen.at || record.epoch !== seen.epoch || isCompleted;
    if (isNews && record.grant?.isHint) restore(record, record.grant.user);
    else if (isNews && record.grant) void enter(record, "peer");
    else if (isNews) leave(record, "peer");
    else seen = record;
    const { failures, retryAt } = record;
    const state = store.state();
    if (failures !== state.failures || retryAt !== state.nextAttemptAt) followFailures();
  }

  /** Follows another tab of whose message only the stored part is known: the server knows the rest. */
  function restore(record: SharedRecord<U>, user: U): void {
    const { user: before } = store.state();
    // `signed-in` is still to be emitted.
    seen = { ...record, epoch: seen.epoch };
    store.dispatch({ type: "restored", user });
    if (before && before.id !== user.id) {
      emitter.emit("user-changed", { from: before.id, to: user.id });
    }
    onHint();
  }

  function followFailures(): void {
    const { failures, failedAt, keyFailedAt, retryAt } = tabs.read();
    const isKeyLost = typeof keyFailedAt === "number" && failures >= KEY_LOST_AFTER_FAILURES &&
      failedAt - keyFailedAt >= KEY_LOST_AFTER_MS;
    store.dispatch({
      type: "failed",
      failures,
      nextAttemptAt: retryAt,
      reason: isKeyLost ? "key-unreadable" : null,
      now: now(),
    });
  }

  /** Keeps an expiry that only seems to have moved, so that nothing visible changes. */
  function steady(leftMs: number, before: number | null | undefined, at: number): number {
    const moved = before ? before - at - leftMs : Infinity;
    return Math.abs(moved) < SAME_EXPIRY_MS ? leftMs + moved : leftMs;
  }

  function commit(valid: Valid<U>, asked: Instant, signedIn = false): Promise<void> {
    const record = tabs.read();
    const known = record.grant?.sessionId === valid.sessionId ? record.grant : null;
    const fresh = signedIn || valid.refreshed || known?.generation !== valid.generation;
    const snapshot = known && !fresh ? store.snapshot() : null;
    const { date, perf } = now();
    const elapsed = elapsedMs(asked, now());
    const agoMs = elapsed < Infinity ? elapsed : perf - asked.perf;
    const leftMs = valid.accessExpiresInMs - agoMs;
    const { sessionEndsInMs: endsInMs, sessionAgeMs } = valid;
    const grant: SharedGrant<U> = {
      user: valid.user,
      sessionId: valid.sessionId,
      generation: valid.generation,
      accessInMs: steady(leftMs, snapshot?.accessExpiresAt, date),
      accessTtlMs: Math.max(valid.accessExpiresInMs, fresh ? 0 : known?.accessTtlMs ?? 0),
      endInMs: endsInMs === undefined
        ? null
        : steady(endsInMs - agoMs, snapshot?.sessionEndsAt, date),
      ageMs: sessionAgeMs === undefined ? null : sessionAgeMs + agoMs,
      challenge: valid.challenge,
    };
    const { serial, epoch } = record;
    tabs.share({
      at: date,
      epoch: signedIn ? epoch + 1 : epoch,
      serial: fresh ? serial + 1 : serial,
      grant,
      ended: null,
      pendingLogout: null,
      ...NO_FAILURE,
    });
    return enter(tabs.read(), "self");
  }

  return {
    begin,
    apply,
    commit,
    beginSignIn() {
      const signIns = tabs.read().signIns + 1;
      tabs.share({ signIns });
      // Or the next look at the record would take it for another tab's, and call it off.
      seen = { ...seen, signIns };
    },
    reject(reason) {
      const endedId = tabs.read().grant?.sessionId ?? null;
      tabs.share({ at: now().date, grant: null, endedId, ended: reason, ...NO_FAILURE });
      leave(tabs.read(), "self");
    },
    signOut(pendingLogout) {
      const { epoch, grant } = tabs.read();
      tabs.share({
        at: now().date,
        epoch: epoch + 1,
        grant: null,
        endedId: grant?.sessionId ?? null,
        ended: "signed-out",
        pendingLogout,
        ...NO_FAILURE,
      });
      leave(tabs.read(), "self");
    },
    fail(outcome, waitMs) {
      const { date } = now();
      const { failures, keyFailedAt } = tabs.read();
      const isKey = outcome.kind === "unavailable" && outcome.cause === "key";
      tabs.share({
        failures: failures + 1,
        failedAt: date,
        retryAt: date + waitMs,
        retryIsOrder: outcome.kind === "busy" && outcome.retryAfterMs !== undefined,
        // Another failure in between says nothing about the key.
        keyFailedAt: isKey ? keyFailedAt ?? date : keyFailedAt,
      });
      seen = tabs.read();
      followFailures();
    },
    followFailures,
  };
}

const NO_FAILURE = { failures: 0, retryAt: null, retryIsOrder: false, keyFailedAt: null } as const;

/** The same user is the same object, so that nothing renders again for it. */
function sameOr<T>(known: T | null, next: T): T {
  return known && JSON.stringify(known) === JSON.stringify(next) ? known : next;
}
