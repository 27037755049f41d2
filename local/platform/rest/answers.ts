/**
 * Turns the row that a call returned into PostgREST's answer: the body as the database wrote it, the
 * headers that describe it, and the status and headers that the function itself asked for.
 *
 * @module
 */
import type { Row } from "./transactions.ts";
import { RestFailure } from "./errors.ts";

/** The media type that `.single()` asks for. */
export const OBJECT = "application/vnd.pgrst.object+json";

/** A row, and what the caller wanted of it. */
export interface Answer {
  readonly row: Row;
  readonly request: Request;
  readonly wantsObject: boolean;
  readonly isVoid: boolean;
}

/** @throws {RestFailure} when the function asked for a status or headers that are none. */
export function render({ row, request, wantsObject, isVoid }: Answer): Response {
  const count = Number(row.rows);
  const headers = new Headers({
    "content-range": count === 0 ? "*/*" : `0-${count - 1}/*`,
  });
  if (!isVoid) {
    headers.set("content-type", `${wantsObject ? OBJECT : "application/json"}; charset=utf-8`);
  }
  for (const [name, value] of headersSetByFunction(row.headers)) headers.append(name, value);
  const status = statusSetByFunction(row.status) ?? (isVoid ? 204 : 200);
  return new Response(isVoid || request.method === "HEAD" ? null : row.body ?? null, {
    status,
    headers,
  });
}

function statusSetByFunction(status: string | null | undefined): number | undefined {
  if (!status) return undefined;
  if (/^[2-5]\d\d$/.test(status)) return Number(status);
  throw new RestFailure({
    status: 500,
    code: "PGRST112",
    message: "response.status guc must be a valid status code",
  });
}

function headersSetByFunction(headers: string | null | undefined): [string, string][] {
  if (!headers) return [];
  try {
    const list: Record<string, string>[] = JSON.parse(headers);
    return list.flatMap((entry) => Object.entries(entry));
  } catch {
    throw new RestFailure({
      status: 500,
      code: "PGRST111",
      message: "response.headers guc must be a JSON array composed of objects with a single key " +
        "and a string value",
    });
  }
}
