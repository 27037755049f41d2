import { readSession } from "@unified-auth/client/server";
import { functionsUrl } from "../../../functions_url";

export async function GET(request: Request) {
  const { status, user, headers } = await readSession(request, { baseUrl: functionsUrl() });
  return Response.json({ status, email: user?.email ?? null }, { headers });
}
