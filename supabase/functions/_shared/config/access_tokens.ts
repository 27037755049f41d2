/**
 * Reads what an access token may say beyond the session: the roles of users, and the project's own hook.
 *
 * @module
 */

import type { EnvironmentReader } from "./environment.ts";
import { isUserRole } from "../tokens/user_roles.ts";

export interface AccessTokenSettings {
  /** `SESSION_ALLOWED_ROLES` @default {["authenticated"]} */
  readonly allowedRoles: readonly string[];
  /** `SESSION_ACCESS_TOKEN_HOOK`: `schema.function`. @default {null} */
  readonly accessTokenHook: string | null;
}

/** Supabase's own setting names a hook like this; the name alone is enough. */
const HOOK_URI = /^pg-functions:\/\/postgres\/([^/]+)\/([^/]+)$/;
const HOOK_NAME = /^[A-Za-z_][A-Za-z0-9_$]{0,62}\.[A-Za-z_][A-Za-z0-9_$]{0,62}$/;

export function readAccessTokenSettings(reader: EnvironmentReader): AccessTokenSettings {
  return { allowedRoles: readAllowedRoles(reader), accessTokenHook: readHook(reader) };
}

function readAllowedRoles(reader: EnvironmentReader): readonly string[] {
  const name = "SESSION_ALLOWED_ROLES";
  const roles = reader.list(name);
  for (const role of roles) {
    if (!isUserRole(role)) {
      reader.problem(name, `must not name this role: ${JSON.stringify(role)}`);
    }
  }
  return roles.length === 0 ? ["authenticated"] : roles;
}

function readHook(reader: EnvironmentReader): string | null {
  const name = "SESSION_ACCESS_TOKEN_HOOK";
  const hook = reader.text(name)?.replace(HOOK_URI, "$1.$2") ?? null;
  if (hook !== null && !HOOK_NAME.test(hook)) {
    reader.problem(name, `must be schema.function: ${JSON.stringify(hook)}`);
  }
  return hook;
}
