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
      return parse(z.boolean(), answer);
    },
    async rememberAnswer(request, { answer, keepSeconds }) {
      await call("unified_auth_remember_answer", {
        p_request: toBytea(request),
        p_answer: answer,
        p_keep_seconds: keepSeconds,
      });
    },
    async recallAnswer(request) {
      const answer = await call("unified_auth_recall_answer", { p_request: toBytea(request) });
      return parse(z.string().nullable(), answer);
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

function parse<Schema extends z.ZodType>(schema: Schema, answer: unknown): z.output<Schema> {
  const parsed = schema.safeParse(answer);
  if (parsed.success) return parsed.data;
  throw storeUnavailable("unexpected_answer", parsed.error);
}
