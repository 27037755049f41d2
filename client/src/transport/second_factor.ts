/**
 * The second factor that an answer of the backend asks for.
 *
 * @module
 */

import type { Answer } from "./http_exchange.ts";
import { isObject, type Json } from "./views.ts";

/**
 * A second factor of the person.
 *
 * @example
 * ```ts
 * import type { Factor } from "@unified-auth/client";
 *
 * const nameOf = ({ friendlyName, type }: Factor) => friendlyName ?? type;
 * console.log(nameOf({ id: "…", type: "totp", friendlyName: null }));
 * ```
 */
export interface Factor {
  /** For `mfa.challenge`, `mfa.verify` and `mfa.remove`. */
  readonly id: string;
  /** A `webauthn` factor cannot be used here. */
  readonly type: "totp" | "phone" | "webauthn";
  /** The name that the person gave it. */
  readonly friendlyName: string | null;
}

/**
 * Any second factor of the person who is signed in, for the page of an account.
 *
 * @example
 * ```ts
 * import { createAuthClient } from "@unified-auth/client";
 *
 * const auth = createAuthClient({ baseUrl: "/functions/v1/unified-auth" });
 * const outcome = await auth.signIn.mfa.list();
 * if (outcome.kind === "listed") {
 *   for (const { friendlyName, createdAt } of outcome.factors) console.log(friendlyName, createdAt);
 * }
 * ```
 */
export interface OwnFactor extends Factor {
  /** False: its first code never came, and no sign-in asks for it. */
  readonly isVerified: boolean;
  /** When it was enrolled, in RFC 3339. */
  readonly createdAt: string;
}

/**
 * The password, code or passkey was right, and a second factor is next: `mfa.verify`.
 *
 * @example
 * ```ts
 * import { createAuthClient } from "@unified-auth/client";
 *
 * const auth = createAuthClient({ baseUrl: "/functions/v1/unified-auth" });
 * const outcome = await auth.signIn.withPassword({ email: "ada@example.com", password: "…" });
 * if (outcome.kind === "mfa-required") {
 *   const [factor] = outcome.factors;
 *   if (factor) await auth.signIn.mfa.verify({ factorId: factor.id, code: "123456" });
 * }
 * ```
 */
export interface MfaRequired {
  /** Tells the outcomes apart. */
  readonly kind: "mfa-required";
  /** The verified factors of the person. */
  readonly factors: readonly Factor[];
}

export function factorsIn<F>(
  { body }: Answer,
  read: (factor: Json) => F,
): readonly F[] | undefined {
  const factors = body?.["factors"];
  return Array.isArray(factors) && factors.every(isObject) ? factors.map(read) : undefined;
}

export function mfaRequiredIn(answer: Answer): MfaRequired | undefined {
  const factors = answer.body?.["code"] === "mfa_required"
    ? factorsIn(answer, factorOf)
    : undefined;
  return factors && { kind: "mfa-required", factors };
}

export function ownFactorOf(factor: Json): OwnFactor {
  return {
    ...factorOf(factor),
    isVerified: factor["status"] === "verified",
    createdAt: String(factor["created_at"]),
  };
}

export function factorOf({ id, type, friendly_name }: Json): Factor {
  return {
    id: String(id),
    type: type as Factor["type"],
    friendlyName: textOrNull(friendly_name),
  };
}

export function textOrNull(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
