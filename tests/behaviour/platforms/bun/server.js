import { readSession } from "@unified-auth/client/server";

const baseUrl = process.env.FUNCTIONS_URL ?? "http://127.0.0.1:54321/functions/v1";

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: Number(process.env.PORT ?? 0),
  async fetch(request) {
    const { status, user, headers } = await readSession(request, { baseUrl });
    return Response.json({ status, email: user?.email ?? null }, { headers });
  },
});
console.log(server.url.href);
