/**
 * better-auth: its own client against its own server, in memory.
 *
 * @module
 */

import { betterAuth } from "better-auth";
import { memoryAdapter } from "better-auth/adapters/memory";
import type { Contestant } from "../contestant.ts";
import { type ArenaServer, serveArena } from "../stand_ins/arena.ts";

export const betterAuthClient: Contestant = {
  id: "better-auth",
  name: "better-auth",
  packages: ["better-auth"],
  configuration:
    "`createAuthClient()` as in the documentation, every option at its default. The user " +
    "interface renders from `useSession`, whose every notification is counted; `refetch` forces an " +
    "answer. Its session is one cookie that lives for days, so a renewal is a `GET /get-session`.",
  backend: "better-auth's own server with its memory adapter and e-mail sign-in.",
  remarks:
    "Where others renew a token it asks for the session again. The cookie is valid meanwhile, so " +
    "a partly or missed S1 to S3 takes nothing from its user.",
  page: new URL("./better_auth_page.ts", import.meta.url),
  imports: 'export { createAuthClient } from "better-auth/client";',
  credential: { cookie: "better-auth.session_token" },
  absent: {
    S5: "nothing rotates",
    S9: "does not send a refused call again",
    S10: "nothing rotates, no lock",
    S11: "renews by GET, which changes nothing",
  },
  async openArena(options) {
    const arena = serveArena(options, createServer);
    await fetch(`${arena.baseUrl}/api/auth/sign-up/email`, {
      method: "POST",
      headers: { "content-type": "application/json", origin: arena.baseUrl },
      body: JSON.stringify({ name: "Ada", email: "ada@example.com", password: "correct-horse" }),
    }).then((reply) => reply.body?.cancel());
    return arena;
  },
};

function createServer(baseURL: string): ArenaServer {
  const auth = betterAuth({
    baseURL,
    secret: "a secret of the scoreboard, at least 32 characters",
    database: memoryAdapter({ user: [], session: [], account: [], verification: [] }),
    emailAndPassword: { enabled: true },
    telemetry: { enabled: false },
  });
  return {
    // A session lasts a week, and an hour changes nothing in it.
    passTime: () => Promise.resolve(),
    issuedCredentials: () => 0,
    newestCredential: () => undefined,
    async answer(request) {
      const { url, method, headers } = request;
      if (!new URL(url).pathname.startsWith("/api/auth/")) return undefined;
      const body = method === "GET" ? null : await request.arrayBuffer();
      // A separate request: it reads the signal, which the server's aborts with each answer.
      const response = await auth.handler(new Request(url, { method, headers, body }));
      return [url.includes("/get-session") ? "renewal" : "other", response];
    },
  };
}
