/**
 * What failed logins cost, and how they are counted: by account and address together, by address, and
 * by account. The database keeps the counts under keyed hashes, so that neither an e-mail nor an
 * address rests there.
 *
 * @module
 */

import { createHmac } from "node:crypto";
import type { SessionKeys } from "../session_keys.ts";
import type { ThrottleBucket } from "../session_store.ts";

/** One guesser at one account: five tries, then 1 s, 2 s, 4 s … up to a quarter of an hour. */
const PAIR = { freeFailures: 5, maxDelaySeconds: 900 };

/** One address at many accounts. An office shares one, so its longest delay is a minute. */
const ADDRESS = { freeFailures: 50, maxDelaySeconds: 60 };

/** Many addresses at one account. Short, so that strangers can never keep its owner out. */
const ACCOUNT = { freeFailures: 100, maxDelaySeconds: 5 };

/** A bucket without a failure for this long starts anew. */
export const FORGET_FAILURES_AFTER_SECONDS = 3600;

export interface LoginBuckets {
  /** Keyed hash of the e-mail. */
  readonly account: Uint8Array;
  readonly all: readonly ThrottleBucket[];
  /** Those that a correct password clears: not the address's, or one good account would clear it. */
  readonly clearedBySuccess: readonly Uint8Array[];
}

/**
 * The buckets of one attempt. Without a trusted address nothing is counted by address alone: a missing
 * header would put everybody into one bucket.
 */
export function loginBuckets(
  keys: Pick<SessionKeys, "signing">,
  attempt: { readonly email: string; readonly ip: string | null },
): LoginBuckets {
  const email = attempt.email.trim().normalize("NFKC").toLowerCase();
  const bucketId = (kind: string, value: string) =>
    new Uint8Array(
      createHmac("sha256", keys.signing.throttle).update(`${kind}\n${value}`).digest(),
    );
  const account = bucketId("account", email);
  const pair = bucketId("pair", `${email}\n${attempt.ip ?? "unknown"}`);
  return {
    account,
    all: [
      { id: pair, ...PAIR },
      { id: account, ...ACCOUNT },
      ...(attempt.ip === null ? [] : [{ id: bucketId("address", attempt.ip), ...ADDRESS }]),
    ],
    clearedBySuccess: [pair, account],
  };
}
