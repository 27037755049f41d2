"use client";

import { createAuthClient } from "@unified-auth/client";
import { createAuthHooks } from "@unified-auth/client/react";

export const auth = createAuthClient({ baseUrl: "/functions/v1/unified-auth" });
export const { AuthProvider, useAuth } = createAuthHooks(auth);
