/**
 * The only way to the server: every request for the state of the session comes through here, is joined
 * with those under way, waits its turn among the tabs, and ends in an answer or in a waiting time.
 *
 * @module
 */

import type { SessionSync } from "./sync.ts";
import { ask, type SessionCore } from "./core.ts";
import type { Instant } from "../environment.ts";
import { type Action, backoffMs, isHeldBack, neededAction, type RecoveryRequest } from "./need.ts";
import type {
  Call,
  LogoutOutcome,
  LogoutScope,
  Outcome,
  Refused,
  SessionUser,
  Trigger,
  Unavailable,
  Valid,
} from "../transport/outcome.ts";
import type { SharedRecord } from "../tabs/shared_record.ts";

const COOKIES_REFUSED: Refused = {
  kind: "refused",
  code: "cookies-refused",
  message:
    "This browser keeps no cookies, which signing in needs. Allow them for this site and try " +
    "again; Safari keeps them on https only.",
  status: 200,
};

export interface RecoverOptions {
  readonly force?: boolean;
  readonly minTtlMs?: number;
}

export interface Recovery<U extends SessionUser> {
  /** Finds out how the session stands, unless that is known well enough. Never rejects. */
  recover(trigger: Trigger, options?: RecoverOptions): Promise<void>;
  /** Runs a sign-in while no tab sends another request. */
  signIn<T extends { readonly kind: string }>(
    login: (call: Call) => Promise<Valid<U> | T>,
  ): Promise<Valid<U> | T | Refused | Unavailable>;
  /** Gives up what is under way, because its answer does not matter any more. */
  abandon(): void;
  /** Signs out here, and gives up what is under way; the server is to hear of it by the next request. */
  signOut(scope: LogoutScope): void;
  isUnderWay(): boolean;
  /** When this page refreshes the present access token, within the spread: from -1 to 1. */
  readonly jitter: number;
  /** The last answer that settled nothing; null once the server has given one that does. */
  lastFailure(): Exclude<Outcome<U>, { kind: "valid" | "rejected" }> | null;
  /** How the last sign-out of this page ended. */
  lastLogout(): LogoutOutcome | null;
}

export function createRecovery<U extends SessionUser>(
  core: SessionCore<U>,
  sync: SessionSync<U>,
  onValid: (valid: Extract<Outcome<U>, { kind: "valid" }>, asked: Instant) => void,
): Recovery<U> {
  const { environment, numbers, transport, emitter, store, tabs, lock } = core;
  const { now, random, document } = environment;
  let drawn: { readonly serial: number | undefined; readonly value: number } | null = null;
  let flight: Promise<void> | null = null;
  let current: AbortController | null = null;
  let lastFailure: ReturnType<Recovery<U>["lastFailure"]> = null;
  let logout: LogoutOutcome | null = null;
  /** The epoch of the sign-out whose session certainly is the one of the cookies. */
  let logoutEpoch: number | null = null;
  let refreshed: Instant = { date: -Infinity, perf: 0 };

  /** Drawn anew for each access token: the time of one refresh says nothing about the next. */
  function jitter(): number {
    const serial = store.state().grant?.serial;
    if (drawn?.serial !== serial || !drawn) drawn = { serial, value: random() * 2 - 1 };
    return drawn.value;
  }

  function need(request: RecoveryRequest): Action | null {
    sync.apply();
    const [record, instant] = [tabs.read(), now()];
    // A mail's link or a popup may have begun another session since: that one stays.
    const action = record.pendingLogout
      ? record.epoch === logoutEpoch ? "logout" : "validate"
      : neededAction(request, { state: store.state(), now: instant, numbers, refreshed });
    return action && !isHeldBack(request, { record, now: instant }) ? action : null;
  }

  async function recover(trigger: Trigger, options: RecoverOptions = {}): Promise<void> {
    // Everything that another tab has written so far is older than this request.
    sync.apply();
    const request = (): RecoveryRequest => ({
      trigger,
      since: now(),
      serial: store.state().grant?.serial,
      hidden: document?.hidden ?? false,
      force: options.force ?? false,
      minTtlMs: options.minTtlMs ?? 0,
      jitter: jitter(),
    });
    let wanted = request();
    while (flight) {
      await flight;
      // The network came back while a request was lost in it: that failure says nothing.
      if (trigger === "online") wanted = request();
    }
    if (need(wanted)) await fly(() => attempt(wanted));
  }

  /** Keeps `flight` to one at a time. */
  async function fly(body: () => Promise<void>): Promise<void> {
    flight = body();
    try {
      await flight;
    } catch (error) {
      environment.reportError(error);
    } finally {
      flight = null;
    }
  }

  async function attempt(request: RecoveryRequest): Promise<void> {
    // A page in the background does not queue for the lock for a reason that can wait.
    const canWait = request.hidden && request.minTtlMs === 0 && !request.force;
    const ran = await lock.run(canWait ? 0 : numbers.lockWaitMs, async () => {
      for (let turn = 0; turn < 3; turn++) {
        const action = need(request);
        if (!action || await inquire(action, request.trigger)) break;
      }
    });
    const { activity } = store.state();
    if (!ran) store.dispatch({ type: "activity", activity: "waiting-peer" });
    else if (activity !== "idle" && activity !== "backing-off") {
      store.dispatch({ type: "activity", activity: "idle" });
    }
  }

  /** Asks, and draws the conclusion; false when the answer leaves open how the session stands. */
  async function inquire(action: Action, trigger: Trigger): Promise<boolean> {
    const before = tabs.read();
    const asked = now();
    store.dispatch({
      type: "activity",
      activity: action === "refresh" ? "refreshing" : "validating",
    });
    current = new AbortController();
    const outcome: Outcome<U> | LogoutOutcome = await ask<Outcome<U> | LogoutOutcome, U>(
      core,
      trigger,
      {
        abandon: current,
        request: (call) =>
          action === "logout"
            ? transport.logout({ ...call, scope: before.pendingLogout ?? "local" })
            : transport[action](call),
      },
    );
    const { kind } = outcome;
    if (action === "refresh" && kind === "valid") refreshed = now();
    emitter.emit("recovery", {
      trigger,
      action,
      outcome: kind,
      cause: kind === "unavailable" ? outcome.cause : undefined,
      durationMs: now().date - asked.date,
    });
    if (action === "logout" && outcome.kind !== "valid") logout = outcome;
    return await conclude(outcome, before, asked);
  }

  async function conclude(
    outcome: Outcome<U> | LogoutOutcome,
    before: SharedRecord<U>,
    asked: Instant,
  ): Promise<boolean> {
    const record = tabs.read();
    if (record.epoch !== before.epoch || isOvertaken(outcome, record, before)) {
      sync.apply();
      return false;
    }
    // Given up for a sign-in, which waits for this to end.
    if (record.signIns !== before.signIns) return true;
    const isInQuestion = before.pendingLogout !== null && logoutEpoch !== before.epoch;
    if (isInQuestion && isOfEndedSession(outcome, before.endedId)) {
      logoutEpoch = before.epoch;
      return false;
    }
    switch (outcome.kind) {
      case "valid":
        lastFailure = null;
        onValid(outcome, asked);
        await sync.commit(outcome, asked, before.pendingLogout !== null);
        return true;
      case "rejected":
        lastFailure = null;
        if (before.pendingLogout) return endLogout();
        sync.reject(outcome.reason);
        return true;
      case "done":
        return endLogout();
      case "busy":
      case "unavailable": {
        lastFailure = outcome;
        logoutEpoch = null;
        const retryAfterMs = outcome.kind === "busy" ? outcome.retryAfterMs : undefined;
        const failures = record.failures + 1;
        const waitMs = backoffMs(failures, { ...numbers, random: random(), retryAfterMs });
        sync.fail(outcome, waitMs);
        return true;
      }
      default:
        return outcome satisfies never;
    }
  }

  /** A cookie jar that keeps nothing would end each session at its next request, again and again. */
  async function keptOrRefused(valid: Valid<U>): Promise<Valid<U> | Refused> {
    if (environment.hasSessionCookie() === true) return valid;
    current = new AbortController();
    const kept = await ask(core, "sign-in", {
      abandon: current,
      request: (call) => transport.validate(call),
    });
    return kept.kind === "rejected" && kept.reason === "no-session" ? COOKIES_REFUSED : valid;
  }

  /** No sign-out is left for the server. */
  function endLogout(): boolean {
    tabs.share({ pendingLogout: null, failures: 0, retryAt: null });
    sync.apply();
    // A page that had not seen the sign-out is still to learn how the session stands.
    return store.state().status === "signed-out";
  }

  /** Whether another tab learned something newer while this answer was on its way. */
  function isOvertaken(
    outcome: Outcome<U> | LogoutOutcome,
    record: SharedRecord<U>,
    before: SharedRecord<U>,
  ): boolean {
    const known = record.grant;
    if (record.at === before.at) return false;
    if (outcome.kind === "rejected") return known !== null;
    return outcome.kind === "valid" && known !== null &&
      (known.sessionId !== outcome.sessionId || known.generation > outcome.generation);
  }

  return {
    recover,
    get jitter() {
      return jitter();
    },
    isUnderWay: () => flight !== null,
    lastFailure: () => lastFailure,
    lastLogout: () => logout,
    abandon() {
      current?.abort();
    },
    signOut(scope) {
      sync.signOut(scope);
      logout = null;
      logoutEpoch = tabs.read().epoch;
      current?.abort();
    },
    async signIn<T extends { readonly kind: string }>(
      login: (call: Call) => Promise<Valid<U> | T>,
    ) {
      if (tabs.read().pendingLogout) await recover("sign-out");
      let outcome: Valid<U> | T | Refused | Unavailable = { kind: "unavailable", cause: "timeout" };
      // Without its key a browser signs nobody out everywhere, and only a sign-in brings another key.
      const isKeyMissing = lastFailure?.kind === "unavailable" && lastFailure.cause === "key";
      if (tabs.read().pendingLogout && !isKeyMissing) return outcome;
      // A reply that came later would put the old session's cookies in place of the new one's.
      sync.beginSignIn();
      const isGivenUp = flight !== null;
      current?.abort();
      while (flight) await flight;
      let isSignedIn = false;
      await fly(async () => {
        await lock.run(numbers.lockWaitMs, async () => {
          const asked = now();
          current = new AbortController();
          outcome = await ask(core, "sign-in", { abandon: current, request: login });
          if (!isValid<U>(outcome)) return;
          const kept = outcome = await keptOrRefused(outcome);
          if (!isValid<U>(kept)) return;
          isSignedIn = true;
          onValid(kept, asked);
          await sync.commit(kept, asked, true);
        });
      });
      // An answer that was lost may have brought another person's cookies.
      const isLost = outcome.kind === "unavailable";
      if ((isGivenUp || isLost) && !isSignedIn) void recover("sign-in");
      return outcome;
    },
  };
}

/**
 * Whether the cookies are those of the session that the person signed out of. Only an old one can be bound
 * to a key that is lost or cannot be read.
 */
function isOfEndedSession<U extends SessionUser>(
  outcome: Outcome<U> | LogoutOutcome,
  endedId: string | null,
): boolean {
  switch (outcome.kind) {
    case "valid":
      return endedId === null || outcome.sessionId === endedId;
    case "rejected":
      return outcome.reason === "key-lost";
    case "unavailable":
      return outcome.cause === "key";
    case "busy":
    case "done":
      return false;
    default:
      return outcome satisfies never;
  }
}

function isValid<U extends SessionUser>(
  outcome: { readonly kind: string },
): outcome is Valid<U> {
  return outcome.kind === "valid";
}
