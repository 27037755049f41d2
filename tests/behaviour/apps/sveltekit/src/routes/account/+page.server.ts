import { redirect } from "@sveltejs/kit";
import type { PageServerLoad } from "./$types";

export const load: PageServerLoad = ({ locals: { visit } }) => {
  if (visit.status === "signed-out") redirect(303, "/");
  return { email: visit.user?.email ?? "nobody" };
};
