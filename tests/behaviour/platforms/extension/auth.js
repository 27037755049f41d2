import { createAuthClient } from "@unified-auth/client";

export const auth = createAuthClient({
  baseUrl: "http://127.0.0.1:54321/functions/v1/unified-auth",
});
