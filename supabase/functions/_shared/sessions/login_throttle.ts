/**
 * The cost of failed logins, and how they are counted: by account and network together, by account, and
 * by network. The database keeps the counts under keyed hashes: no e-mail and no address is stored
 * there.
 *
 * @module
 */

import { networkOf } from "../client_address.ts";
import { hmacSha256 } from "../tokens/hmac.ts";
import type { SessionKeys } from "../tokens/session_keys.ts";
import type { ThrottleBucket } from "../store/session_store.ts";

type Limit = Omit<ThrottleBucket, "id">;

/** One guesser at one account: five tries, then 1 s, 2 s, 4 s … up to a quarter of an hour. */
export const PAIR_LIMIT: Limit = { freeFailures: 5, forgiveSeconds: 900, maxDelaySeconds: 900 };

/** Many networks at one account: a hundred an hour; beyond, each network waits for its own turn. */
export const ACCOUNT_LIMIT: Limit = {
  freeFailures: 100,
  forgiveSeconds: 36,
  maxDelaySeconds: 900,
};

/** One network at many accounts. A company shares one, so its longest delay is a minute. */
export const NETWORK_LIMIT: Limit = { freeFailures: 100, forgiveSeconds: 10, maxDelaySeconds: 60 };

/**
 * Right passwords of one account: each leaves a session, two events and a password check behind, so that
 * one free account could fill the disk. A hundred and twenty at once, then one each half minute.
 */
export const RIGHT_PASSWORD_RATE = {
  rightPasswordBurst: 120,
  rightPasswordIntervalSeconds: 30,
} as const;

/**
 * The buckets of one attempt, in the order in which the database expects them. Without a trusted
 * address nothing is counted by network alone: a missing header would put everybody into one bucket.
 */
export function loginBuckets(
  keys: Pick<SessionKeys, "signing">,
  attempt: { readonly email: string; readonly ip: string | null },
): readonly ThrottleBucket[] {
  const email = foldEmail(attempt.email);
  const network = attempt.ip === null ? null : networkOf(attempt.ip);
  const id = (kind: string, value: string) =>
    hmacSha256(keys.signing.throttle, `${kind}\n${value}`);
  return [
    { id: id("pair", `${email}\n${network ?? "unknown"}`), ...PAIR_LIMIT },
    { id: id("account", email), ...ACCOUNT_LIMIT },
    ...(network === null ? [] : [{ id: id("network", network), ...NETWORK_LIMIT }]),
  ];
}

/**
 * One text for every spelling that Supabase Auth may take for one account. It compares in Go's lower
 * case, where `İ` becomes a plain `i`: with marks left in, each `i` of an address would double the
 * counts that guesses can be spread over. Two accounts that differ in marks alone share one.
 */
function foldEmail(email: string): string {
  return email.trim().normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
}
