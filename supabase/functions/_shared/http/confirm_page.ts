/**
 * The page behind a mail's link. Loading it redeems nothing: mail scanners fetch links, and a code that
 * was redeemed is used up. A button does, by the page's one script, which the policy names by its hash.
 *
 * @module
 */

import { createHash } from "node:crypto";

const STYLE = `
:root { color-scheme: light dark; font: 1.1rem/1.5 system-ui, sans-serif }
body { display: grid; place-items: center; min-height: 90vh; margin: 1rem; text-align: center }
button { font: inherit; padding: .6rem 1.4rem; cursor: pointer }
`;

/** Reads everything it needs from the page's attributes: its text, and so its hash, never changes. */
const SCRIPT = `
const { tokenHash, type, returnTo } = document.body.dataset;
const [question, button, no, problem] = ["question", "go", "no", "problem"].map((id) => document.getElementById(id));
let body = { token_hash: tokenHash, type };
const post = (path, body) => fetch(path, {
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify(body),
});
const leave = (name, value) => {
  const url = new URL(returnTo);
  if (value) url.search += (url.search ? "&" : "?") + name + "=" + encodeURIComponent(value);
  location.replace(url);
};
no.addEventListener("click", async () => {
  button.disabled = no.disabled = true;
  await post("cancel", {}).catch(() => {}); // unanswered, the step ends in five minutes
  leave();
});
button.addEventListener("click", async () => {
  button.disabled = no.disabled = true;
  problem.textContent = "";
  try {
    const response = await post("verify", body);
    const answer = await response.json();
    if (answer.status === "consent_required") {
      const { email, phone } = answer.account;
      question.textContent = "This link signs you in as " + (email ?? phone) + ". Is that you?";
      button.textContent = "Yes, sign me in";
      no.hidden = false;
      body = { consent: true, account: answer.account };
    } else if (response.ok) return leave("auth_step", answer.status);
    else if (response.status >= 500 || response.status === 429) {
      problem.textContent = "That did not work. Please try again in a moment.";
    } else return leave("auth_error", answer.code);
  } catch {
    problem.textContent = "That did not work. Please try again in a moment.";
  }
  button.disabled = no.disabled = false;
});
`;

const hashOf = (text: string) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

/** The link's hash is in the address: no other site may learn it, and no frame may show the button. */
export const CONFIRM_PAGE_HEADERS = {
  "Content-Security-Policy": `default-src 'none'; script-src ${hashOf(SCRIPT)}; style-src ${
    hashOf(STYLE)
  }; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'`,
  "Referrer-Policy": "no-referrer",
  "X-Frame-Options": "DENY",
} as const;

export function renderConfirmPage(
  { tokenHash, type, returnTo }: {
    readonly tokenHash: string;
    readonly type: string;
    readonly returnTo: string;
  },
): string {
  return page(
    `<body data-token-hash="${escapeHtml(tokenHash)}" data-type="${escapeHtml(type)}" ` +
      `data-return-to="${escapeHtml(returnTo)}">`,
    `<h1>Almost there</h1>
<p id="question">Continue to finish signing in.</p>
<p><button id="go" type="button">Continue</button> <button id="no" type="button" hidden>No</button></p>
<p id="problem" role="alert"></p>
<noscript><p>This page needs JavaScript. Or enter the code from the mail where you asked for it.</p></noscript>
<script>${SCRIPT}</script>`,
  );
}

/**
 * Of a flow that an outage interrupted: the same address again goes on. Without a script. The link is the
 * query alone, as only the browser knows under which address it sees the function.
 */
export function renderTryAgainPage(search: string): string {
  return page(
    "<body>",
    `<h1>One moment</h1>
<p>A service that is needed to sign you in did not answer. Nothing is lost.</p>
<p><a href="${escapeHtml(search)}">Try again</a></p>`,
  );
}

function page(body: string, content: string): string {
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>Sign in</title>
<style>${STYLE}</style>
</head>
${body}
<main>
${content}
</main>
</body>
</html>
`;
}

function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
