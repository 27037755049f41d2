/**
 * Reading a request's body: its type, its JSON and its shape. What was sent is never repeated in an
 * answer, since it may be a password.
 *
 * @module
 */

import type { Context } from "hono";
import * as z from "zod";
import { RequestError } from "./request_error.ts";
import { loginForms } from "./schemas.ts";

/** Bytes of a body that are read before it is refused. */
export const MAX_BODY_BYTES = 16 * 1024;

const MAX_DETAIL_LENGTH = 300;

/**
 * Whether the headers say that there is none, as a browser's `fetch` without one does. To ask for the
 * body itself makes a stream of it, which costs more than all else that is read of such a request.
 */
export function saysNoBody(headers: Headers): boolean {
  return headers.get("content-length") === "0" && !headers.has("transfer-encoding");
}

/**
 * Reads a body and checks it. No body at all is an empty object.
 *
 * @throws {RequestError} `unsupported_media_type`, `bad_json` or `validation_failed`
 */
export async function readBody<Schema extends z.ZodType>(
  context: Context,
  schema: Schema,
): Promise<z.output<Schema>> {
  const parsed = schema.safeParse(await readJson(context));
  if (parsed.success) return parsed.data;
  throw new RequestError("validation_failed", { detail: describe(parsed.error) });
}

/** Reads the body of a login by the form that its keys show. */
export async function readLoginBody(
  context: Context,
): Promise<
  z.output<typeof loginForms.passwordLogin> | z.output<typeof loginForms.exchangeLogin>
> {
  const body = await readJson(context);
  const exchanges = typeof body === "object" && body !== null && "supabase_access_token" in body;
  const parsed = exchanges
    ? loginForms.exchangeLogin.safeParse(body)
    : loginForms.passwordLogin.safeParse(body);
  if (parsed.success) return parsed.data;
  throw new RequestError("validation_failed", { detail: describe(parsed.error) });
}

async function readJson(context: Context): Promise<unknown> {
  if (saysNoBody(context.req.raw.headers)) return {}; // most requests: a cookie says it all
  const bytes = await context.req.arrayBuffer();
  if (bytes.byteLength === 0) return {};
  const mediaType = context.req.header("content-type")?.split(";")[0]?.trim().toLowerCase();
  if (mediaType !== "application/json") throw new RequestError("unsupported_media_type");
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error: unknown) {
    if (error instanceof SyntaxError || error instanceof TypeError) {
      throw new RequestError("bad_json");
    }
    throw error;
  }
}

function describe(error: z.ZodError): string {
  return error.issues
    .map((issue) =>
      `${issue.path.length === 0 ? "body" : issue.path.join(".")}: ${complaint(issue)}`
    )
    .join("; ")
    .slice(0, MAX_DETAIL_LENGTH);
}

function complaint(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "unrecognized_keys":
      return `unknown field ${
        issue.keys.map((key) => JSON.stringify(key.slice(0, 50))).join(", ")
      }`;
    case "invalid_type":
      return `expected ${issue.expected}`;
    case "too_big":
      return `longer than ${issue.maximum}`;
    case "too_small":
      return `shorter than ${issue.minimum}`;
    case "invalid_value":
      return `expected one of ${issue.values.map((value) => JSON.stringify(value)).join(", ")}`;
    default:
      return "not of the documented form";
  }
}
