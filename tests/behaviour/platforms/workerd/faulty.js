import { createAuthClient } from "@unified-auth/client";

// Workers refuse this member before November 2024: a fault of the program, and no outage.
export default {
  async fetch(_, { FUNCTIONS_URL }) {
    const auth = createAuthClient({
      baseUrl: `${FUNCTIONS_URL}/unified-auth`,
      fetch: (input, init) => fetch(input, { ...init, cache: "no-store" }),
    });
    return Response.json(await auth.signIn.withPassword({ email: "a@example.com", password: "p" }));
  },
};
