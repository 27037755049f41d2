/**
 * Answers that are not the functions' own: who gave them, and what that means. An answer is ours when it
 * says one of our codes, or when it carries `X-Request-Id` and JSON.
 *
 * @module
 */

import { ERRORS } from "../../supabase/functions/_shared/errors.ts";
import type { NoReply, Reply } from "./ask.ts";
import { failed, quote, type Result } from "./finding.ts";

export function isOurs(reply: Reply): boolean {
  if (reply.code !== null) return reply.code in ERRORS;
  return reply.json !== null && reply.headers.has("x-request-id");
}

const DEPLOY = "npx -y supabase@3.1.0 functions deploy unified-auth validate-session --use-api";

/** The answers of the platform's gateway in place of a function. */
const PLATFORM: Readonly<Record<string, Result>> = {
  NOT_FOUND: failed(
    "The platform knows no such function.",
    `Deploy both functions: ${DEPLOY}. If they are deployed, the base URL is wrong.`,
  ),
  BOOT_ERROR: failed(
    "The function does not start.",
    "Read its log: a missing or wrong SESSION_ setting is named there. `deno task keys` makes the " +
      "required ones.",
  ),
  WORKER_ERROR: failed("The function crashed.", "Read its log in the dashboard."),
  WORKER_LIMIT: failed("The function ran out of memory or time.", "Read its log in the dashboard."),
};

/** Explains an answer that is not the functions'. */
export function explainAnonymousCaller(answer: Reply | NoReply): Result {
  if (answer.kind === "no_reply") {
    return failed(
      `Nothing answers: ${quote(answer.reason)}.`,
      "Check the base URL, DNS and the certificate; from a browser the app would say the same.",
    );
  }
  const { status, code, headers } = answer;
  if (code?.startsWith("UNAUTHORIZED")) {
    return failed(
      `The platform itself refused the request (${quote(code)}): its JWT check is on.`,
      "Set verify_jwt = false for both functions in supabase/config.toml and deploy them again: " +
        `${DEPLOY}. With the check on, an expired session never reaches auto-refresh.`,
    );
  }
  const known = code === null ? undefined : PLATFORM[code];
  if (known !== undefined) return known;
  if (status >= 300 && status < 400) {
    return failed(
      `The address redirects to ${quote(headers.get("location") ?? "nowhere")}.`,
      "Use the address that it redirects to. A browser does not repeat a POST after a redirect.",
    );
  }
  const kind = headers.get("content-type") ?? "no content type";
  return failed(
    `Something else answers here: status ${status}, ${quote(kind)}.`,
    "Check the base URL, and that the proxy hands /functions/v1/* on before its page for " +
      "unknown paths.",
  );
}
