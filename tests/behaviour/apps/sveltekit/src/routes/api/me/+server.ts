import { json } from "@sveltejs/kit";
import type { RequestHandler } from "./$types";

export const GET: RequestHandler = ({ locals: { visit } }) =>
  json({ status: visit.status, email: visit.user?.email ?? null });
