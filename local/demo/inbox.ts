/**
 * The inbox of everybody: all that Supabase Auth has sent on this machine, newest first, for people who sign in
 * by mail or by text message here.
 *
 * @module
 */
import type { Mailbox } from "../platform/auth/mailbox.ts";

/** A page without a script: reload it to see more. */
export function renderInbox({ messages }: Mailbox): string {
  const shown = messages.toReversed().map(({ to, sentAt, body }) =>
    `<article class="card">
      <h2>To ${escapeHtml(to)}</h2>
      <p class="hint">${sentAt.toISOString()}</p>
      ${body}
    </article>`
  ).join("\n");
  return `<!DOCTYPE html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>Inbox</title>
    <link rel="icon" href="/demo/icon.svg" type="image/svg+xml">
    <link rel="stylesheet" href="/demo/styles.css">
    <link rel="stylesheet" href="/demo/panels.css">
  </head>
  <body>
    <header class="top"><h1>Inbox</h1></header>
    <main>${shown || "<p>Nothing has been sent yet.</p>"}</main>
  </body>
</html>`;
}

function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
