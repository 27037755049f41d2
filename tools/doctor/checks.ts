/**
 * All checks, one for each id.
 *
 * @module
 */

import { answersFresh } from "./checks/answers_fresh.ts";
import { appOrigin } from "./checks/app_origin.ts";
import { clientAddress } from "./checks/client_address.ts";
import { clockSkew } from "./checks/clock_skew.ts";
import { cookieAttributes } from "./checks/cookie_attributes.ts";
import { cookieParty } from "./checks/cookie_party.ts";
import { cookiesArrive } from "./checks/cookies_arrive.ts";
import { eventIds } from "./checks/event_ids.ts";
import { expiredBearer } from "./checks/expired_bearer.ts";
import { otherOrigin } from "./checks/other_origin.ts";
import { functionsAnswer } from "./checks/functions_answer.ts";
import { grants } from "./checks/grants.ts";
import { migrations } from "./checks/migrations.ts";
import { schema } from "./checks/schema.ts";
import { sessionBinding } from "./checks/session_binding.ts";
import { signIn } from "./checks/sign_in.ts";
import { signOut } from "./checks/sign_out.ts";
import { signingKey } from "./checks/signing_key.ts";
import type { CheckId } from "./finding.ts";
import type { Check } from "./subject.ts";

/** A new id does not compile until its check is here. */
export const CHECKS: Readonly<Record<CheckId, Check>> = {
  functions_answer: functionsAnswer,
  expired_bearer: expiredBearer,
  answers_fresh: answersFresh,
  app_origin: appOrigin,
  other_origin: otherOrigin,
  sign_in: signIn,
  cookies_arrive: cookiesArrive,
  cookie_attributes: cookieAttributes,
  cookie_party: cookieParty,
  client_address: clientAddress,
  session_binding: sessionBinding,
  clock_skew: clockSkew,
  signing_key: signingKey,
  migrations: migrations,
  schema: schema,
  event_ids: eventIds,
  grants: grants,
  sign_out: signOut,
};
