/**
 * Reads the arguments of a call: from the JSON of the body, or from the query of a `GET`.
 *
 * @module
 */
import { RestFailure } from "./errors.ts";

/** Arguments by name, as JSON text. */
export interface Arguments {
  readonly body: string;
  readonly keys: readonly string[];
}

/** Of `GET` and `HEAD`: every value is text, which the database converts. */
export function argumentsOfQuery(request: Request): Arguments {
  const { apikey: _, ...given } = Object.fromEntries(new URL(request.url).searchParams);
  return { body: JSON.stringify(given), keys: Object.keys(given) };
}

/** @throws {RestFailure} PGRST102 for what is no JSON. */
export async function argumentsOfBody(request: Request): Promise<Arguments> {
  const body = await request.text() || "{}";
  const type = request.headers.get("content-type") ?? "application/json";
  if (!type.startsWith("application/json")) throw badBody(`Content-Type not acceptable: ${type}`);
  try {
    const parsed: unknown = JSON.parse(body);
    const isObject = typeof parsed === "object" && parsed !== null && !Array.isArray(parsed);
    return { body, keys: isObject ? Object.keys(parsed) : [] };
  } catch {
    throw badBody("Empty or invalid json");
  }
}

function badBody(message: string): RestFailure {
  return new RestFailure({ status: 400, code: "PGRST102", message });
}
