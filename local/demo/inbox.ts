/**
 * The inbox of everybody: all that Supabase Auth has sent on this machine, newest first, for people who
 * sign in by mail or by text message here.
 *
 * @module
 */

import type { Mailbox } from "../platform/auth/mailbox.ts";

/** A page shows this many without a search. */
const MAX_SHOWN = 20;

/** Answers `GET /demo/inbox`. Without an origin that may read it, other sites cannot. */
export function answerInbox({ messages }: Mailbox): Response {
  const newest = messages.toReversed().slice(0, MAX_SHOWN);
  return Response.json(
    { messages: newest.map(({ to, body, sentAt }) => ({ to, body, sentAt })) },
    { headers: { "cache-control": "no-store", "cross-origin-resource-policy": "same-origin" } },
  );
}
