/**
 * A scenario for each outcome of each SQL function that the stores call: what has to happen before, and
 * the call that is answered so. A new outcome does not compile until it has one.
 *
 * @module
 */

import type { FunctionName } from "../../../supabase/functions/_shared/store/sql_functions.ts";
import {
  CHECK_ACCESS_TOKEN_HOOK,
  DATABASE_IS_READ_ONLY,
  UNIFIED_AUTH_LAST_MIGRATION,
} from "./database_scenarios.ts";
import { END_OWN_SESSION, LIST_SESSIONS, LOG_OUT, LOG_OUT_OTHERS } from "./ending_scenarios.ts";
import type { Scenario } from "./opened_sessions.ts";
import {
  ANNOUNCE_PASSWORD_CHANGE,
  CHECK_LOGIN_ALLOWED,
  CLAIM_SIGN_IN,
  CREATE_SESSION,
  RECALL_ANSWER,
  RECORD_LOGIN_FAILURE,
  RELEASE_SIGN_IN,
  REMEMBER_ANSWER,
} from "./sign_in_scenarios.ts";
import { ROTATE_SESSION, VALIDATE_SESSION } from "./token_scenarios.ts";

/** Of each function; none of those that the functions do not call. */
export const SCENARIOS: Readonly<
  Record<FunctionName, readonly Readonly<Record<string, Scenario>>[]>
> = {
  create_session: [CREATE_SESSION],
  validate_session: [VALIDATE_SESSION],
  rotate_session: [ROTATE_SESSION],
  revoke_session: [LOG_OUT, END_OWN_SESSION],
  revoke_user_sessions: [LOG_OUT_OTHERS],
  list_user_sessions: [LIST_SESSIONS],
  check_login_allowed: [CHECK_LOGIN_ALLOWED],
  record_login_failure: [RECORD_LOGIN_FAILURE],
  check_access_token_hook: [CHECK_ACCESS_TOKEN_HOOK],
  database_is_read_only: [DATABASE_IS_READ_ONLY],
  unified_auth_last_migration: [UNIFIED_AUTH_LAST_MIGRATION],
  claim_sign_in: [CLAIM_SIGN_IN],
  release_sign_in: [RELEASE_SIGN_IN],
  unified_auth_remember_answer: [REMEMBER_ANSWER],
  unified_auth_recall_answer: [RECALL_ANSWER],
  announce_password_change: [ANNOUNCE_PASSWORD_CHANGE],
  purge_sessions: [],
  session_is_live: [],
  unified_auth_validate_sessions: [], // many of validate_session: shared_validates_test.ts
};
