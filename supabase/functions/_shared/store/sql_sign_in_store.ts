/**
 * The sign-in flows' store over the SQL functions of `…_sign_in.sql`.
 *
 * @module
 */

import * as z from "zod";
import { toBytea } from "./bytea.ts";
import { type CallSqlFunction, storeUnavailable } from "./sql_functions.ts";
import type { SignInStore } from "./sign_in_store.ts";

export function createSqlSignInStore(call: CallSqlFunction): SignInStore {
  return {
    async claim(hash, { keepSeconds }) {
      const answer = await call("claim_sign_in", {
        p_claim: toBytea(hash),
        p_keep_seconds: keepSeconds,
      });
      const parsed = z.boolean().safeParse(answer);
      if (parsed.success) return parsed.data;
      throw storeUnavailable("unexpected_answer", parsed.error);
    },
    async release(hash) {
      await call("release_sign_in", { p_claim: toBytea(hash) });
    },
    async announcePasswordChange({ userId, sessionId, identitySessionId }) {
      await call("announce_password_change", {
        p_user_id: userId,
        p_session_id: sessionId,
        p_identity_session_id: identitySessionId,
      });
    },
  };
}
