/**
 * Whether the data API trusts our access tokens: `session_is_live()` answers true only when the
 * signature was accepted, the role is `authenticated`, and the claims (from which `auth.uid()` is read
 * too) arrived in the database.
 *
 * @module
 */

import type { NoReply, Reply } from "../ask.ts";
import { failed, notChecked, ok, quote, type Result } from "../finding.ts";
import type { Subject } from "../subject.ts";
import { findProjectUrl } from "../project_url.ts";

const IMPORT_KEY =
  "Import the key of SESSION_SIGNING_KEYS under JWT signing keys in the dashboard, " +
  "rotate to it, and rotate back: it stays trusted. Key sets are cached for up to 20 minutes.";

export async function signingKey({ ask, target, testSession }: Subject): Promise<Result> {
  const made = await testSession.signIn();
  if (made.kind !== "signed_in" || made.accessToken === null) {
    return notChecked("There is no access token to try.", "Give a test account: see sign_in.");
  }
  if (target.publishableKey === null) {
    return notChecked(
      "The data API asks for the project's publishable key.",
      "Say --publishable-key=sb_publishable_…",
    );
  }
  const projectUrl = findProjectUrl(target, made.accessToken);
  if (projectUrl === null) {
    return notChecked("The access token does not name the project.", "Say --project-url=https://…");
  }
  const answer = await ask(`${projectUrl}/rest/v1/rpc/session_is_live`, {
    method: "POST",
    headers: {
      apikey: target.publishableKey,
      authorization: `Bearer ${made.accessToken}`,
    },
    body: {},
  });
  return judge(answer, projectUrl);
}

function judge(answer: Reply | NoReply, projectUrl: string): Result {
  if (answer.kind === "no_reply") {
    return notChecked(
      `The data API at ${projectUrl} does not answer from here: ${quote(answer.reason)}.`,
      "Say --project-url=https://…, an address of the project that this machine can reach.",
    );
  }
  if (answer.status === 200 && answer.value === true) {
    return ok("The data API trusts our access tokens: row level security sees the user.");
  }
  switch (answer.code) {
    case "PGRST301":
      return failed("The data API does not know the key that signs our access tokens.", IMPORT_KEY);
    case "PGRST303":
      return failed(
        "The data API refuses our access tokens for their times.",
        "See clock_skew: the clocks of the database and the data API differ by more than 30 s.",
      );
    case "PGRST202":
      return failed(
        "The data API does not know session_is_live().",
        "Apply the migrations: npx -y supabase@3.1.0 db push.",
      );
    case "42501":
      return failed(
        "The data API takes our access token for a visitor's, or a grant is missing.",
        `${IMPORT_KEY} Then see grants.`,
      );
  }
  if (answer.status === 200) {
    return failed(
      "The data API accepts our access token, and does not find its session.",
      "Do the functions and the data API belong to one project? Compare SUPABASE_URL.",
    );
  }
  const said = answer.code ?? answer.json?.["message"] ?? answer.status;
  return failed(
    `The data API refuses the request: ${quote(String(said))}.`,
    "Check --publishable-key: it must be this project's.",
  );
}
