/**
 * The environment of `deno task start` and `deno task reset`.
 *
 * @module
 */
import { StackError } from "./platform/stack_error.ts";

/** Where the local stack lives and listens. */
export interface StartSettings {
  /** `UNIFIED_AUTH_PORT`. @default {54321} */
  readonly port: number;
  /** `UNIFIED_AUTH_DB_PORT`. @default {54322} */
  readonly databasePort: number;
  /** `UNIFIED_AUTH_DATA_DIR`. @default {".local"} */
  readonly dataDirectory: string;
  /** Every `SESSION_*` variable that is set: they win over what the stack makes for itself. */
  readonly sessions: Readonly<Record<string, string>>;
}

/** @throws {StackError} naming the variable that cannot be used */
export function readStartSettings(environment: Readonly<Record<string, string>>): StartSettings {
  const sessions = Object.entries(environment).filter(([name]) => name.startsWith("SESSION_"));
  return {
    port: portOf(environment, "UNIFIED_AUTH_PORT", 54321),
    databasePort: portOf(environment, "UNIFIED_AUTH_DB_PORT", 54322),
    dataDirectory: environment.UNIFIED_AUTH_DATA_DIR || ".local",
    sessions: Object.fromEntries(sessions),
  };
}

function portOf(
  environment: Readonly<Record<string, string>>,
  name: string,
  fallback: number,
): number {
  const text = environment[name];
  if (!text) return fallback;
  const port = Number(text);
  if (/^\d+$/.test(text) && port >= 1 && port <= 65535) return port;
  throw new StackError(`${name} must be a port from 1 to 65535: it is "${text}"`);
}
