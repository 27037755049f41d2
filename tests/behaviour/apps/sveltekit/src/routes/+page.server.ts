import type { Actions, PageServerLoad } from "./$types";

export const load: PageServerLoad = ({ locals }) => {
  const { status, user, initial } = locals.visit;
  return { server: `${status} ${user?.email ?? "nobody"}`, initial };
};

export const actions: Actions = {
  // Nothing may be written on the strength of a graced session.
  default: ({ locals: { visit } }) => ({
    saved: visit.canMutate ? `saved for ${visit.user?.email}` : "refused",
  }),
};
