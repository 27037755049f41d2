/**
 * IndexedDB in memory whose parts can be made to throw, to fail or to hang, and a timer that fires when
 * a test says so.
 *
 * @module
 */

import assert from "node:assert/strict";
import { IDBFactory as FakeFactory } from "fake-indexeddb";
import {
  calculateJwkThumbprint,
  decodeJwt,
  decodeProtectedHeader,
  type JWK,
  type JWTPayload,
  jwtVerify,
} from "jose";
import { createBrowserKey, type KeyEnvironment } from "../../../client/src/key/browser_key.ts";
import type { BrowserKey, Proof } from "../../../client/src/key/prover.ts";

export const CLAIMS = {
  method: "POST",
  url: "https://example.test/functions/v1/unified-auth/refresh",
} as const;

/** How one method of IndexedDB fails. Undefined: it works. */
type Fault = "throws" | "hangs" | "gives null" | "gives null once stored" | undefined;

export interface KeyFixture {
  readonly key: BrowserKey;
  readonly faults: { open?: Fault; get?: Fault; put?: Fault; delete?: Fault };
  /** Methods of IndexedDB that were called, in order. */
  readonly calls: string[];
  /** Of each transaction: mode, durability, and whether it was committed without waiting. */
  readonly transactions: { mode: unknown; durability: unknown; isCommitted: boolean }[];
  /** Connections that are open. */
  readonly open: Set<IDBDatabase>;
  readonly subtle: SubtleCrypto;
  /** Lets three seconds pass. */
  passDeadline(): void;
  /** Lets requests that hang go on. */
  release(): void;
}

export function createKeyFixture(): KeyFixture {
  const factory = new FakeFactory();
  const timers = new Set<() => void>();
  const held: (() => void)[] = [];
  const faults: KeyFixture["faults"] = {};
  const calls: string[] = [];
  const transactions: KeyFixture["transactions"] = [];
  const open = new Set<IDBDatabase>();
  const { subtle } = crypto;
  const fixtureSubtle: SubtleCrypto = {
    generateKey(...args: Parameters<SubtleCrypto["generateKey"]>) {
      calls.push("generateKey");
      return subtle.generateKey(...args);
    },
    sign: subtle.sign.bind(subtle),
    verify: subtle.verify.bind(subtle),
    exportKey: subtle.exportKey.bind(subtle),
  } as SubtleCrypto;

  /** The request, or one whose success comes late, brings null, or never comes. */
  function faulty(name: keyof typeof faults, call: () => IDBRequest): IDBRequest {
    calls.push(name);
    const fault = faults[name];
    if (fault === "throws") throw new DOMException("Not now", "DataCloneError");
    const request = call();
    if (fault === "gives null" || fault === "gives null once stored" && calls.includes("put")) {
      return new Proxy(request, {
        get: (target, property) =>
          property === "result" ? null : Reflect.get(target, property, target),
        set: (target, property, value) => Reflect.set(target, property, value, target),
      });
    }
    if (fault !== "hangs") return request;
    return new Proxy(request, {
      get: (target, property) => Reflect.get(target, property, target),
      set(target, property, value) {
        if (property !== "onsuccess") return Reflect.set(target, property, value, target);
        target.onsuccess = (event) => void held.push(() => value(event));
        return true;
      },
    });
  }

  const indexedDB = {
    open(name: string, version: number) {
      const request = faulty("open", () => factory.open(name, version));
      request.addEventListener("success", () => follow((request as IDBOpenDBRequest).result));
      return request;
    },
    deleteDatabase: (name: string) => faulty("delete", () => factory.deleteDatabase(name)),
  } as IDBFactory;

  function follow(database: IDBDatabase): void {
    open.add(database);
    const { close, transaction } = database;
    database.close = () => {
      open.delete(database);
      close.call(database);
    };
    database.transaction = (...args) => {
      const made = transaction.apply(database, args);
      const { objectStore, commit } = made;
      const seen = { mode: args[1], durability: args[2]?.durability, isCommitted: false };
      transactions.push(seen);
      made.commit = () => {
        seen.isCommitted = true;
        commit.call(made);
      };
      made.objectStore = (name) => {
        const store = objectStore.call(made, name);
        const { get, put } = store;
        store.get = (id) => {
          if (faults.get !== "hangs") return faulty("get", () => get.call(store, id));
          // The transaction stays open for as long as it is used.
          calls.push("get");
          const spin = (): void => void (get.call(store, "nothing").onsuccess = spin);
          spin();
          return {} as IDBRequest;
        };
        store.put = (value, id) =>
          faulty("put", () => put.call(store, value, id)) as IDBRequest<IDBValidKey>;
        return store;
      };
      return made;
    };
  }

  const environment: KeyEnvironment = {
    indexedDB,
    crypto: { subtle: fixtureSubtle, getRandomValues: crypto.getRandomValues.bind(crypto) },
    now: () => 1_800_000_000_000,
    setTimer(fire) {
      timers.add(fire);
      return () => void timers.delete(fire);
    },
  };

  return {
    key: createBrowserKey(() => environment),
    faults,
    calls,
    transactions,
    open,
    subtle: fixtureSubtle,
    passDeadline() {
      for (const fire of [...timers]) fire();
    },
    release() {
      for (const go of held.splice(0)) go();
    },
  };
}

/** Verifies a proof as RFC 9449 section 4.3 says, and gives its claims and its key's thumbprint. */
export async function verifyProof(
  proof: Proof,
): Promise<{ readonly claims: JWTPayload; readonly thumbprint: string }> {
  assert.ok(proof.kind === "signed", `no proof: ${proof.kind}`);
  const header = decodeProtectedHeader(proof.jwt);
  assert.deepEqual(Object.keys(header), ["typ", "alg", "jwk"]);
  assert.deepEqual([header.typ, header.alg], ["dpop+jwt", "ES256"]);
  const jwk = header.jwk as JWK;
  assert.deepEqual(Object.keys(jwk), ["kty", "crv", "x", "y"]);
  const publicKey = await crypto.subtle.importKey(
    "jwk",
    jwk as JsonWebKey,
    { name: "ECDSA", namedCurve: "P-256" },
    false,
    ["verify"],
  );
  await jwtVerify(proof.jwt, publicKey, { algorithms: ["ES256"], currentDate: new Date(0) });
  return { claims: decodeJwt(proof.jwt), thumbprint: await calculateJwkThumbprint(jwk) };
}
