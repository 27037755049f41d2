import { createAuthClient } from "@unified-auth/client";

export const auth = createAuthClient({ baseUrl: "/functions/v1/unified-auth" });
