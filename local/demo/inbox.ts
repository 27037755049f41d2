/**
 * The inbox of everybody: all that Supabase Auth has sent on this machine, newest first, for people who
 * sign in by mail or by text message here.
 *
 * @module
 */

import type { Mailbox } from "../platform/auth/mailbox.ts";
import { answerPrivately } from "./private_answer.ts";

/** A page shows this many without a search. */
const MAX_SHOWN = 20;

/** Answers `GET /demo/inbox`. */
export function answerInbox({ messages }: Mailbox): Response {
  const newest = messages.toReversed().slice(0, MAX_SHOWN);
  return answerPrivately({
    messages: newest.map(({ to, body, sentAt }) => ({ to, body, sentAt })),
  });
}
