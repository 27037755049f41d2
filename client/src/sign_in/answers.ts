/**
 * The answers of the sign-in routes in the client's words. An answer of any other form is not the
 * backend's.
 *
 * @module
 */

import type { Answer } from "../transport/http_exchange.ts";
import { factorOf, textOrNull } from "../transport/second_factor.ts";
import { isObject } from "../transport/views.ts";
import type { AccountName, EnrolledFactor, MessageSent } from "./outcomes.ts";

/** A message whose link leads to `returnTo` in the end. */
export function sentIn({ body }: Answer, returnTo: string | undefined): MessageSent | undefined {
  return body?.["status"] === "sent" ? { kind: "message-sent", returnTo } : undefined;
}

const STEPS = {
  consent_required: "consent-required",
  password_required: "password-required",
  reauthenticated: "reauthenticated",
} as const;

type StepStatus = keyof typeof STEPS;

/** One of `statuses`, with the account that it belongs to. */
export function stepIn<Status extends StepStatus>(
  { body }: Answer,
  statuses: readonly Status[],
): { readonly kind: typeof STEPS[Status]; readonly account: AccountName } | undefined {
  const status = statuses.find((each) => each === body?.["status"]);
  const account = body?.["account"];
  if (status === undefined || !isObject(account)) return undefined;
  return {
    kind: STEPS[status],
    account: { email: textOrNull(account["email"]), phone: textOrNull(account["phone"]) },
  };
}

export function enrolledIn({ body }: Answer): EnrolledFactor | undefined {
  const { factor, totp } = body ?? {};
  if (!isObject(factor)) return undefined;
  return {
    kind: "enrolled",
    factor: factorOf(factor),
    totp: isObject(totp)
      ? {
        qrCode: String(totp["qr_code"]),
        secret: String(totp["secret"]),
        uri: String(totp["uri"]),
      }
      : null,
  };
}
