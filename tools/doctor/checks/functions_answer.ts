/**
 * Whether both functions answer, and can reach their database.
 *
 * @module
 */

import { failed, ok, quote, type Result } from "../finding.ts";
import { originOf, type Subject } from "../subject.ts";
import { explainAnonymousCaller, isOurs } from "../anonymous_callers.ts";

export async function functionsAnswer(subject: Subject): Promise<Result> {
  const { askFunction } = subject;
  const health = await askFunction("/unified-auth/health");
  if (health.kind === "no_reply") return explainAnonymousCaller(health);
  if (health.json?.["database"] === "outdated") {
    return failed(
      "unified-auth answers, but its database lacks migrations that it needs.",
      "Apply them: npx -y supabase@3.1.0 db push.",
    );
  }
  if (health.code === "service_unavailable") {
    if (await isHiddenFromDataApi(subject)) {
      return failed(
        "unified-auth answers, but the data API does not expose the schema public.",
        "Set SESSION_STORE=postgres, so that the functions reach the database themselves, or expose " +
          "public again under Data API in the dashboard's settings.",
      );
    }
    return failed(
      "unified-auth answers, but its database does not.",
      "Apply the migrations (npx -y supabase@3.1.0 db push) and see the function's log: it says " +
        "what the database answered.",
    );
  }
  if (health.json?.["status"] !== "ok") return explainAnonymousCaller(health);

  const question = await askFunction("/validate-session");
  if (question.kind === "no_reply" || !isOurs(question)) {
    const { message, remedy } = explainAnonymousCaller(question);
    return failed(`unified-auth answers, validate-session does not. ${message}`, remedy ?? "");
  }
  if (question.code === "access_token_missing") {
    return ok("Both functions answer, and their database is reachable.");
  }
  return failed(
    `validate-session answers a visitor with ${quote(question.code ?? String(question.status))}.`,
    "Something adds a token or an Origin to the request. Look at the headers that the proxy sets.",
  );
}

/** The data API is off, or closed for `public`, as hardening guides advise: it says so to anybody. */
async function isHiddenFromDataApi({ ask, target }: Subject): Promise<boolean> {
  if (target.publishableKey === null) return false;
  const projectUrl = target.projectUrl ?? originOf(target.functionsUrl);
  const answer = await ask(`${projectUrl}/rest/v1/rpc/session_is_live`, {
    method: "POST",
    headers: { apikey: target.publishableKey, "content-profile": "public" },
    body: {},
  });
  return answer.kind === "reply" && answer.code === "PGRST106";
}
