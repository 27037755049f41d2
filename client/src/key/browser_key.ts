/**
 * The key to which the sessions of this browser are bound: one P-256 pair for the origin, which cannot
 * be exported. It is read anew for each proof, so that a key that was deleted meanwhile is never used.
 *
 * A key that cannot be read is not a key that is absent: a full disk, a frozen tab or a blocked upgrade
 * hides it for a while, and the same key is there again afterwards. Only absence makes a new one.
 *
 * @module
 */

import { orAborted, refuseAborted } from "../environment.ts";
import { createKeyDatabase } from "./key_database.ts";
import { ECDSA, signProof } from "./proof.ts";
import type { BrowserKey, Proof, ProofClaims } from "./prover.ts";

/** The parts of a browser that a key is made with. */
export interface KeyEnvironment {
  readonly indexedDB: IDBFactory;
  readonly crypto: Pick<Crypto, "subtle" | "getRandomValues">;
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls `fire` once after `delayMs`; the returned function calls it off. */
  setTimer(fire: () => void, delayMs: number): () => void;
}

/**
 * An IndexedDB request may never answer: behind a frozen tab (Chromium: 60 s) or a blocked deletion
 * (forever, in every engine). All of a proof takes 33 ms on a cold start.
 */
const DEADLINE_MS = 3_000;

const UNREADABLE: Proof = { kind: "unreadable" };

/** The key of this origin; `environment` is looked up for each proof, null where none can be kept. */
export function createBrowserKey(environment: () => KeyEnvironment | null): BrowserKey {
  return {
    async prove(claims, { creates = false, repairs = false } = {}) {
      const found = environment();
      if (!found) return UNREADABLE;
      let isUnreadable = true;
      const tryOnce = (): Promise<Proof | null> =>
        withinDeadline(found, (signal) =>
          attempt(found, claims, signal, () => {
            isUnreadable = false;
            return creates;
          }));
      const proof = await tryOnce();
      if (proof || !repairs || !isUnreadable) return proof ?? UNREADABLE;
      const remove = createKeyDatabase(found.indexedDB).remove;
      const isRemoved = await withinDeadline(found, () => remove().then(() => true));
      return (isRemoved && await tryOnce()) || UNREADABLE;
    },
  };
}

/** The value of `work`; null when it rejects or takes too long. */
async function withinDeadline<T>(
  { setTimer }: KeyEnvironment,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T | null> {
  const deadline = new AbortController();
  const cancel = setTimer(() => deadline.abort(), DEADLINE_MS);
  try {
    return await orAborted(work(deadline.signal), deadline.signal);
  } catch {
    return null;
  } finally {
    cancel();
  }
}

async function attempt(
  { indexedDB, crypto, now }: KeyEnvironment,
  claims: Omit<ProofClaims, "issuedAt">,
  signal: AbortSignal,
  mayCreate: () => boolean,
): Promise<Proof> {
  const { subtle } = crypto;
  const database = createKeyDatabase(indexedDB);
  let pair = await database.read(signal);
  if (pair === undefined) {
    if (!mayCreate()) return { kind: "absent" };
    pair = await create();
  }
  checkPair(pair);
  const jwt = await signProof(crypto, pair, { ...claims, issuedAt: now() });
  return { kind: "signed", jwt };

  /** A pair that came back from the store and has signed: another one would lock its owner out. */
  async function create(): Promise<unknown> {
    // Before the transaction, which Firefox ends when it has to wait for anything else.
    const candidate = await subtle.generateKey(ECDSA, false, ["sign", "verify"]);
    refuseAborted(signal);
    await database.addIfAbsent(candidate, signal);
    // Another tab may have been first. Some builds of iOS store what they cannot give back.
    const stored = await database.read(signal);
    checkPair(stored);
    const sample = new Uint8Array(32);
    const signature = await subtle.sign(ECDSA, stored.privateKey, sample);
    if (!await subtle.verify(ECDSA, stored.publicKey, signature, sample)) throw new Error();
    return stored;
  }
}

function checkPair(value: unknown): asserts value is CryptoKeyPair {
  const { privateKey, publicKey } = value as CryptoKeyPair;
  const { name, namedCurve } = privateKey.algorithm as EcKeyAlgorithm;
  if (
    name !== ECDSA.name || namedCurve !== ECDSA.namedCurve || privateKey.extractable ||
    !privateKey.usages.includes("sign") || publicKey.type !== "public"
  ) throw new TypeError("Cannot use what is stored as the browser's key");
}
