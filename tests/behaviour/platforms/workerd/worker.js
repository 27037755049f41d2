import { createAuthClient } from "@unified-auth/client";
import { readSession } from "@unified-auth/client/server";
import fetchCookie from "fetch-cookie";
import { CookieJar } from "tough-cookie";

export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    return pathname === "/report" ? report(env) : visit(request, env);
  },
};

/** Renders for the visitor whose cookies came along. */
async function visit(request, { FUNCTIONS_URL: baseUrl }) {
  const { status, user, headers } = await readSession(request, { baseUrl });
  return Response.json({ status, email: user?.email ?? null }, { headers });
}

/** Signs in itself. The client is made for each request, as a Worker may share no request among them. */
async function report({ FUNCTIONS_URL, REPORT_URL, EMAIL: email, PASSWORD: password }) {
  const fetchWithCookies = fetchCookie(fetch, new CookieJar());
  const auth = createAuthClient({
    baseUrl: `${FUNCTIONS_URL}/unified-auth`,
    fetch: (input, init) => fetchWithCookies(input, init),
  });
  const outcome = await auth.signIn.withPassword({ email, password });
  if (outcome.kind !== "signed-in") return Response.json(outcome, { status: 502 });
  const response = await auth.fetch(REPORT_URL);
  const text = await response.text();
  await auth.signOut();
  return new Response(text, { status: response.status });
}
