/**
 * How often somebody may try a code, and how often a code may be sent. Supabase Auth counts neither by
 * account: a hundred wrong codes from a hundred addresses, then the right one, and it signs in. The
 * database keeps the counts beside those of passwords, under keyed hashes.
 *
 * @module
 */

import { createHmac } from "node:crypto";
import { networkOf } from "../client_address.ts";
import type { SessionKeys } from "../tokens/session_keys.ts";
import type { ThrottleBucket } from "../store/session_store.ts";
import type { ClaimHash } from "../store/sign_in_store.ts";

type Limit = Omit<ThrottleBucket, "id">;

interface Limits {
  /** One network at one account. */
  readonly pair: Limit;
  /** All networks at one account. */
  readonly account: Limit;
  /** One network at all accounts. */
  readonly network: Limit;
}

/**
 * Six digits have a million values, and of a TOTP three are right at once. A hundred tries an hour from
 * many networks find one in five months on average; one network gets five, then waits.
 */
const GUESSES: Limits = {
  pair: { freeFailures: 5, forgiveSeconds: 900, maxDelaySeconds: 900 },
  account: { freeFailures: 100, forgiveSeconds: 36, maxDelaySeconds: 900 },
  network: { freeFailures: 100, forgiveSeconds: 10, maxDelaySeconds: 60 },
};

/** A project has 30 mails an hour by default; nobody needs more than a few for one account. */
const MESSAGES: Limits = {
  pair: { freeFailures: 5, forgiveSeconds: 300, maxDelaySeconds: 900 },
  account: { freeFailures: 20, forgiveSeconds: 180, maxDelaySeconds: 900 },
  network: { freeFailures: 60, forgiveSeconds: 60, maxDelaySeconds: 60 },
};

const LIMITS = {
  code: GUESSES,
  factor: GUESSES,
  passkey: GUESSES,
  message: MESSAGES,
} as const satisfies Readonly<Record<string, Limits>>;

/** The buckets of one try, in the order in which the database expects them. */
export function attemptBuckets(
  keys: Pick<SessionKeys, "signing">,
  attempt: {
    readonly kind: keyof typeof LIMITS;
    /** An address, a user or a credential. */
    readonly subject: string;
    readonly ip: string | null;
  },
): readonly ThrottleBucket[] {
  const { kind, ip } = attempt;
  const subject = foldAddress(attempt.subject);
  const network = ip === null ? null : networkOf(ip);
  const limits = LIMITS[kind];
  const id = (scope: string, value: string) => keyedHash(keys, `${kind} ${scope}\n${value}`);
  return [
    { id: id("pair", `${subject}\n${network ?? "unknown"}`), ...limits.pair },
    { id: id("account", subject), ...limits.account },
    ...(network === null ? [] : [{ id: id("network", network), ...limits.network }]),
  ];
}

/** The name under which a code is claimed, or an answer kept. A dump of the table tells no code. */
export function claimOf(
  keys: Pick<SessionKeys, "signing">,
  claim: {
    readonly kind:
      | "code"
      | "hash"
      | "digits"
      | "factor"
      | "passkey"
      | "flow"
      | "confirmation"
      | "answer"
      | "change";
    readonly value: string;
  },
): ClaimHash {
  return keyedHash(keys, `claim ${claim.kind}\n${claim.value}`) as ClaimHash;
}

/** One text for every spelling that Supabase Auth takes for one account (see `login_throttle.ts`). */
export function foldAddress(address: string): string {
  return storedAddress(address.normalize("NFKD").replace(/\p{M}/gu, ""));
}

/** As Supabase Auth keeps it: never one text for two accounts, as `foldAddress` may make. */
export function storedAddress(address: string): string {
  return address.trim().toLowerCase().replace(/^\+(?=\d+$)/, "");
}

function keyedHash({ signing }: Pick<SessionKeys, "signing">, text: string): Uint8Array {
  return new Uint8Array(createHmac("sha256", signing.throttle).update(text).digest());
}
