/**
 * Puts a session together from its parts: `need.ts` decides when to ask the server, `recovery.ts` asks
 * it, `sync.ts` and `transition.ts` turn the answer into the state.
 *
 * @module
 */

import { createRefreshedHooks, holdAccessToken, readAccessToken } from "./access_token.ts";
import { createSync } from "./sync.ts";
import { ask, type SessionCore } from "./core.ts";
import { browserEnvironment } from "../environment.ts";
import { SessionEndedError, SessionUnavailableError } from "./errors.ts";
import { createEmitter, keepDiagnostics } from "../state/events.ts";
import { hydratedState } from "./hydration.ts";
import { createTabLock } from "../tabs/lock.ts";
import { numbersOf, type SessionOptions } from "./options.ts";
import type { Call, SessionUser, Trigger, Unavailable } from "../transport/outcome.ts";
import { type IsOwnerThere, ownerOf } from "./owner.ts";
import { beginLife, type PageLife } from "./page_life.ts";
import { createCallQueue, type Gate } from "./queue.ts";
import { createRecovery, type RecoverOptions } from "./recovery.ts";
import type { AccessTokenOptions, RefreshedDetail, Session } from "./session.ts";
import { createSessionFetch } from "./session_fetch.ts";
import { createTabs } from "../tabs/shared_record.ts";
import type { SessionSnapshot } from "../state/snapshot.ts";
import { createSessionStore } from "../state/store.ts";
import { accessLeftMs } from "../state/transition.ts";

/**
 * A session that has not started yet.
 *
 * @throws {TypeError} If the transport is missing.
 * @throws {RangeError} If a number is negative, not finite, or too large for a timer.
 */
export function createSession<U extends SessionUser>(options: SessionOptions<U>): Session<U> {
  const numbers = numbersOf(options);
  const { transport, initial, name = "session", hint = [] } = options;
  const environment = { ...browserEnvironment(), ...options.environment };
  const { now, window } = environment;
  const { emitter, entries } = keepDiagnostics<U>(
    createEmitter(environment.reportError),
    environment,
  );
  const store = createSessionStore(environment, emitter, numbers);
  // An app may use locks and channels by any other name.
  const shared = `unified-auth:${name}`;
  const tabs = createTabs<U>(environment, {
    storageKey: `${name}:v1`,
    channelName: shared,
    hint,
    onChange: () => sync.apply(),
  });
  const lock = createTabLock(environment, shared);
  const core: SessionCore<U> = { environment, numbers, transport, emitter, store, tabs, lock };
  const hooks = createRefreshedHooks(environment, numbers.hookTimeoutMs);
  const token = holdAccessToken();
  const sync = createSync(core, {
    onRefreshed,
    onAnswer: () => settle(),
    onSignIn: () => recovery.abandon(),
    onHint: () => void recover("start"),
  });
  const recovery = createRecovery(core, sync, token.keep);
  const queue = createCallQueue(environment, {
    queueMax: numbers.queueMax,
    gate,
    endedError,
    unavailableError,
    onChange: (change) => emitter.emit("queue", change),
  });
  const send = createSessionFetch(options, {
    environment,
    numbers,
    queue,
    gate,
    unavailableError,
    state: store.state,
    owner,
    recover,
    getAccessToken: (signal) => getAccessToken({ signal }),
  });

  let life: PageLife | null = null;
  let disposed = false;
  let first: Promise<void> | null = null;
  /** Signed out without a request: nothing in this browser has named a session so far. */
  let isNobody = false;

  emitter.on("user-changed", () => queue.empty(new SessionEndedError("signed-out")));
  emitter.on("signed-out", () => queue.empty(endedError()));
  store.subscribe(() => {
    if (store.state().status !== "signed-out") isNobody = false;
    life?.reschedule();
  });

  if (initial) store.dispatch({ type: "hydrated", ...hydratedState(initial, tabs.read()) });
  const serverSnapshot = store.snapshot();

  function endedError(): Error {
    return new SessionEndedError(store.state().reason);
  }

  function unavailableError(): Error {
    return new SessionUnavailableError(recovery.lastFailure());
  }

  function owner(): IsOwnerThere {
    return ownerOf({ user: () => store.state().user, apply: sync.apply });
  }

  function gate(): Gate {
    const state = store.state();
    if (state.status === "ended" || state.status === "signed-out") return "closed";
    if (state.status !== "active" || hooks.isRunning() || accessLeftMs(state, now()) <= 0) {
      return "held";
    }
    return state.activity === "refreshing" ? "brief" : "open";
  }

  function settle(): void {
    queue.settle();
    life?.reschedule();
  }

  async function onRefreshed(detail: RefreshedDetail): Promise<void> {
    const ran = hooks.run(detail);
    if (!detail.first) {
      const { generation, source } = detail;
      emitter.emit("session-refreshed", { generation, source });
      window?.dispatchEvent(
        new CustomEvent("session-refreshed", { detail: { generation, source } }),
      );
    }
    await ran;
  }

  async function recover(trigger: Trigger, options?: RecoverOptions): Promise<void> {
    if (disposed) return;
    // Signed in meanwhile by a redirect in another tab, which leaves no record.
    if (isNobody && environment.hasSessionCookie()) return await lookAgain();
    await recovery.recover(trigger, options);
    // The first question was not put, because of a failure that another tab saw before.
    if (tabs.read().failures && store.state().status === "restoring") sync.followFailures();
    settle();
  }

  async function recovered(
    trigger: Trigger,
    options?: RecoverOptions,
  ): Promise<SessionSnapshot<U>> {
    await recover(trigger, options);
    return store.snapshot();
  }

  /**
   * The first look at the session: no request for a visitor who never had one. A browser of before the
   * readable cookie, or one that lost it, is known by its record or by what a server rendered for it.
   */
  function lookFirst(): Promise<void> {
    // Where nothing starts it, as on a server, the first call does.
    store.dispatch({ type: "started", user: null });
    const { grant, pendingLogout } = tabs.read();
    const isRendered = initial !== undefined && initial.status !== "signed-out";
    isNobody = environment.hasSessionCookie() === false && !grant && !pendingLogout &&
      !isRendered && !store.state().user;
    if (!isNobody) return recover("start");
    store.dispatch({ type: "rejected", reason: "no-session" });
    settle();
    return Promise.resolve();
  }

  /** Asks after all. */
  async function lookAgain(): Promise<void> {
    store.dispatch({ type: "restored", user: null });
    await recover("start");
  }

  function lookedFirst(): Promise<void> {
    return first ??= lookFirst();
  }

  async function ready(): Promise<SessionSnapshot<U>> {
    await lookedFirst();
    return store.snapshot();
  }

  async function getAccessToken(wanted: AccessTokenOptions = {}): Promise<string | null> {
    refuseDisposed("get an access token");
    void lookedFirst();
    return await readAccessToken(token, wanted, {
      now,
      state: store.state,
      isOwnerThere: owner(),
      recover: (minTtlMs) => recover("token", { minTtlMs }),
      lastFailure: recovery.lastFailure,
    });
  }

  /** A request that nothing aborts before its deadline. */
  async function askOnce<T extends { readonly kind: string }>(
    trigger: Trigger,
    request: (call: Call) => Promise<T>,
  ): Promise<T | Unavailable> {
    return await ask(core, trigger, { abandon: new AbortController(), request });
  }

  function refuseDisposed(what: string): void {
    if (disposed) throw new TypeError(`Cannot ${what} as the client is disposed`);
  }

  return {
    get user() {
      return store.snapshot().user;
    },
    get status() {
      return store.snapshot().status;
    },
    start() {
      if (life) return;
      disposed = false;
      life = beginLife(core, { sync, recovery, recover });
      first = lookFirst();
    },
    dispose() {
      life?.end();
      life = null;
      disposed = true;
      queue.empty(new TypeError("Cannot send as the client is disposed"));
    },
    hydrate(initial) {
      if (!life) return;
      // The server saw cookies where this page saw none.
      if (isNobody && initial.status !== "signed-out") first = lookAgain();
      store.dispatch({ type: "hydrated", ...hydratedState(initial, tabs.read()) });
    },
    getSnapshot: store.snapshot,
    getServerSnapshot: () => serverSnapshot,
    subscribe(listener) {
      const stop = store.subscribe(() => listener(store.snapshot()));
      try {
        listener(store.snapshot());
      } catch (error) {
        environment.reportError(error);
      }
      return stop;
    },
    on: emitter.on,
    ready,
    check: (trigger = "manual") => recovered(trigger),
    refresh: () => recovered("manual", { force: true }),
    getAccessToken,
    async fetch(input, init) {
      refuseDisposed("send");
      void lookedFirst();
      return await send(input, init);
    },
    async ask(sendOnce) {
      refuseDisposed("send");
      return await askOnce("manual", sendOnce);
    },
    async request(sendOnce) {
      refuseDisposed("send");
      const isOwnerThere = owner();
      await ready();
      if (!isOwnerThere()) return { kind: "rejected", reason: "no-session" };
      const outcome = await askOnce("manual", sendOnce);
      if (outcome.kind !== "rejected") return outcome;
      await recover("unauthorized");
      return isOwnerThere() && store.state().status === "active"
        ? await askOnce("manual", sendOnce)
        : outcome;
    },
    onRefreshed: hooks.add,
    async signIn(login) {
      refuseDisposed("sign in");
      const outcome = await recovery.signIn(login);
      settle();
      return outcome;
    },
    async signOut({ scope = "local" } = {}) {
      refuseDisposed("sign out");
      if (scope === "others") {
        return await askOnce("sign-out", (call) => transport.logout({ ...call, scope }));
      }
      recovery.signOut(scope);
      await recover("sign-out");
      return tabs.read().pendingLogout
        ? recovery.lastFailure() ?? { kind: "unavailable", cause: "timeout" }
        : recovery.lastLogout() ?? { kind: "done" };
    },
    dismissWarning() {
      const { warning } = store.snapshot();
      if (warning) store.dispatch({ type: "dismissed", warning: warning.kind });
    },
    diagnostics: entries,
  };
}
