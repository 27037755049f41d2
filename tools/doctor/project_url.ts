/**
 * The project's own address: behind a rewrite it is not the one that the doctor was given.
 *
 * @module
 */

import { decodeJwt } from "jose";
import type { Target } from "./subject.ts";

/** The operator's choice, or else the access token's issuer. Null: neither. */
export function findProjectUrl(
  { projectUrl }: Target,
  accessToken: string | null,
): string | null {
  return projectUrl ?? (accessToken === null ? null : readIssuer(accessToken));
}

/** Our issuer is `<SUPABASE_URL>/functions/v1/unified-auth`. */
function readIssuer(accessToken: string): string | null {
  try {
    const [projectUrl = ""] = (decodeJwt(accessToken).iss ?? "").split("/functions/v1/");
    return URL.canParse(projectUrl) ? new URL(projectUrl).origin : null;
  } catch {
    return null;
  }
}
