/**
 * Reading a request's body: its type, its JSON and its shape. An answer never repeats anything that was
 * sent, since it may be a password.
 *
 * @module
 */

import type { Context, MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import type * as z from "zod";
import { RequestError } from "./request_error.ts";
import {
  defaultBody,
  MAX_IDENTITY_TOKEN_LENGTH,
  type PlainBody,
  type PlainBodyName,
  readPlainBody,
} from "./plain_bodies.ts";
import type { loginForms } from "./schemas.ts";

const MAX_BODY_BYTES = 16 * 1024;

/** Of an exchange. A token of Supabase Auth holds the user's metadata, which has no limit there. */
const MAX_EXCHANGE_BODY_BYTES = MAX_IDENTITY_TOKEN_LENGTH + MAX_BODY_BYTES;

const MAX_DETAIL_LENGTH = 300;

/**
 * Whether the headers say that there is none, as a browser's `fetch` without one does. To ask for the
 * body itself makes a stream of it, which costs more than all else that is read of such a request.
 */
function saysNoBody(headers: Headers): boolean {
  return headers.get("content-length") === "0" && !headers.has("transfer-encoding");
}

/** Refuses a body that is larger than its route takes, before more of it is read. */
export function limitBody(
  { takesExchange }: { readonly takesExchange: (path: string) => boolean },
): MiddlewareHandler {
  const onError = () => {
    throw new RequestError("payload_too_large");
  };
  const limit = bodyLimit({ maxSize: MAX_BODY_BYTES, onError });
  const limitExchange = bodyLimit({ maxSize: MAX_EXCHANGE_BODY_BYTES, onError });
  return async function limitBodyIfAny(context, next) {
    if (saysNoBody(context.req.raw.headers)) return await next();
    const apply = takesExchange(context.req.path) ? limitExchange : limit;
    return await untilItBreaksOff(() => apply(context, next));
  };
}

/**
 * Reads of the body. A body that the client cuts off fails with the platform's error, and is no fault of
 * ours. (An error that a route throws does not come by here: Hono renders it where it was thrown.)
 */
async function untilItBreaksOff<Result>(read: () => Promise<Result>): Promise<Result> {
  try {
    return await read();
  } catch (error: unknown) {
    if (error instanceof RequestError) throw error;
    throw new RequestError("bad_json", { detail: "it breaks off" });
  }
}

/**
 * Reads a body and checks it. No body at all is an empty object.
 *
 * @throws {RequestError} `unsupported_media_type`, `bad_json` or `validation_failed`
 */
export async function readBody<Name extends PlainBodyName>(
  context: Context,
  name: Name,
): Promise<PlainBody<Name>> {
  const body = await readJson(context);
  if (body === NO_BODY) return defaultBody(name);
  const { value } = body;
  const plain = readPlainBody(name, value);
  if (plain) return plain;
  const { [name]: schema } = await import("./schemas.ts");
  throw refuse(schema.safeParse(value));
}

/** The same for a body of any other form, by modules that are loaded with the schemas. */
export async function readSchemaBody<Schema extends z.ZodType>(
  context: Context,
  schema: Schema,
): Promise<z.output<Schema>> {
  const { value } = await readJson(context);
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw refuse(parsed);
}

/** Reads the body of a login by the form that its keys show. */
export async function readLoginBody(
  context: Context,
): Promise<
  z.output<typeof loginForms.passwordLogin> | z.output<typeof loginForms.exchangeLogin>
> {
  const { value: body, byteLength } = await readJson(context);
  const exchanges = typeof body === "object" && body !== null && "supabase_access_token" in body;
  if (!exchanges && byteLength > MAX_BODY_BYTES) throw new RequestError("payload_too_large");
  const { loginForms } = await import("./schemas.ts");
  const parsed = exchanges
    ? loginForms.exchangeLogin.safeParse(body)
    : loginForms.passwordLogin.safeParse(body);
  if (parsed.success) return parsed.data;
  throw refuse(parsed);
}

function refuse({ error }: z.ZodSafeParseResult<unknown>): RequestError {
  return new RequestError("validation_failed", error ? { detail: describe(error) } : {});
}

interface JsonBody {
  readonly value: unknown;
  readonly byteLength: number;
}

const NO_BODY: JsonBody = { value: {}, byteLength: 0 };

async function readJson(context: Context): Promise<JsonBody> {
  if (saysNoBody(context.req.raw.headers)) return NO_BODY; // most requests: a cookie says it all
  const bytes = await untilItBreaksOff(() => context.req.arrayBuffer());
  const { byteLength } = bytes;
  if (byteLength === 0) return NO_BODY;
  const mediaType = context.req.header("content-type")?.split(";")[0]?.trim().toLowerCase();
  if (mediaType !== "application/json") throw new RequestError("unsupported_media_type");
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return { value: JSON.parse(text), byteLength };
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
