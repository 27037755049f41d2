/**
 * Whether both functions answer, and can reach their database.
 *
 * @module
 */

import { failed, ok, quote, type Verdict } from "../finding.ts";
import type { Patient } from "../patient.ts";
import { explainStranger, isOurs } from "../strangers.ts";

export async function functionsAnswer({ askFunction }: Patient): Promise<Verdict> {
  const health = await askFunction("/unified-auth/health");
  if (health.kind === "no_reply") return explainStranger(health);
  if (health.code === "service_unavailable") {
    return failed(
      "unified-auth answers, but its database does not.",
      "Apply the migrations (npx -y supabase@3.1.0 db push) and see the function's log: it says " +
        "what the database answered.",
    );
  }
  if (health.json?.["status"] !== "ok") return explainStranger(health);

  const question = await askFunction("/validate-session");
  if (question.kind === "no_reply" || !isOurs(question)) {
    const { message, remedy } = explainStranger(question);
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
