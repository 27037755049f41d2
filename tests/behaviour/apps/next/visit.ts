import { cache } from "react";
import { headers } from "next/headers";
import { readSession } from "@unified-auth/client/server";
import { functionsUrl } from "./functions_url";

// One call a request, however many components ask.
export const readVisit = cache(async () =>
  readSession({ headers: await headers() }, { baseUrl: functionsUrl() })
);
