/**
 * PostgREST's errors: their bodies, and which HTTP status each kind of database error becomes. The
 * texts and the table are PostgREST's own (its `Error.hs`); clients compare them.
 *
 * @module
 */
import postgres from "postgres";
import { PoolTimeout } from "../postgres/connections.ts";

/** The body of every error: all four keys, always. */
export interface RestError {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly details?: string | null;
  readonly hint?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Ends a request, rolling its transaction back. */
export class RestFailure extends Error {
  override readonly name = "RestFailure";
  constructor(readonly error: RestError) {
    super(error.message);
  }
}

export function errorResponse(error: RestError): Response {
  const { code, message, details = null, hint = null } = error;
  return Response.json({ code, message, details, hint }, {
    status: error.status,
    headers: {
      "content-type": "application/json; charset=utf-8",
      "proxy-status": `PostgREST; error=${code}`,
      ...error.headers,
    },
  });
}

/** PostgREST's answer to anything that a request can throw. */
export function toRestError(
  thrown: unknown,
  { isAnonymous }: { readonly isAnonymous: boolean },
): RestError {
  if (thrown instanceof RestFailure) return thrown.error;
  if (thrown instanceof PoolTimeout) {
    return {
      status: 504,
      code: "PGRST003",
      message: "Timed out acquiring connection from connection pool.",
    };
  }
  if (thrown instanceof postgres.PostgresError) return databaseError(thrown, isAnonymous);
  return connectionError(thrown);
}

const NEVER_CONNECTED = new Set(["ECONNREFUSED", "CONNECT_TIMEOUT", "ENOTFOUND", "EHOSTUNREACH"]);

/** A server that never answered is PGRST000; one that was lost in the middle is PGRST001. */
function connectionError(thrown: unknown): RestError {
  const code = thrown instanceof Error && "code" in thrown ? String(thrown.code) : "";
  const details = thrown instanceof Error ? thrown.message : String(thrown);
  if (NEVER_CONNECTED.has(code)) return databaseIsDown(details);
  return {
    status: 503,
    code: "PGRST001",
    message: "Database client error. Retrying the connection.",
    details,
  };
}

function databaseIsDown(details: string): RestError {
  return {
    status: 503,
    code: "PGRST000",
    message: "Database connection error. Retrying the connection.",
    details,
  };
}

/** Starting up, shutting down, full, or refusing who signs in: the server's answers to a greeting. */
const REFUSED_AT_CONNECT = /^(57P03|53300|28...|3D000)$/;

function databaseError(error: postgres.PostgresError, isAnonymous: boolean): RestError {
  if (error.severity === "FATAL" && REFUSED_AT_CONNECT.test(error.code)) {
    return databaseIsDown(`FATAL:  ${error.message}`);
  }
  if (error.code === "PGRST") return raisedByFunction(error);
  const status = statusOf(error, isAnonymous);
  return {
    status,
    code: error.code,
    message: error.message,
    details: error.detail ?? null,
    hint: error.hint ?? null,
    ...(status === 401 ? { headers: { "www-authenticate": "Bearer" } } : {}),
  };
}

const STATUS_BY_CODE: Readonly<Record<string, number>> = {
  "23503": 409,
  "23505": 409,
  "25006": 405,
  "42883": 404,
  "42P01": 404,
  "42P17": 500,
  "53400": 500,
  "57P01": 503,
  "P0001": 400,
};

const STATUS_BY_CLASS: Readonly<Record<string, number>> = {
  "08": 503,
  "09": 500,
  "0L": 403,
  "0P": 403,
  "25": 500,
  "28": 403,
  "2D": 500,
  "38": 500,
  "39": 500,
  "3B": 500,
  "40": 500,
  "53": 503,
  "54": 500,
  "55": 500,
  "57": 500,
  "58": 500,
  "F0": 500,
  "HV": 500,
  "P0": 500,
  "XX": 500,
};

function statusOf({ code, message }: postgres.PostgresError, isAnonymous: boolean): number {
  if (code === "42501") return isAnonymous ? 401 : 403;
  if (code === "21000") return message.endsWith("requires a WHERE clause") ? 400 : 500;
  if (code === "22023" && /^role .* does not exist$/.test(message)) return 401;
  if (code.startsWith("PT")) return httpStatus(Number(code.slice(2)));
  return STATUS_BY_CODE[code] ?? STATUS_BY_CLASS[code.slice(0, 2)] ?? 400;
}

function httpStatus(status: number): number {
  return Number.isInteger(status) && status >= 200 && status <= 599 ? status : 500;
}

/** `raise sqlstate 'PGRST'`: the message is the body and the detail is the rest of the answer. */
function raisedByFunction(error: postgres.PostgresError): RestError {
  try {
    const { code, message, details, hint } = JSON.parse(error.message);
    const { status, headers } = JSON.parse(error.detail ?? "");
    return { status: httpStatus(status), code, message, details, hint, headers };
  } catch {
    return {
      status: 500,
      code: "PGRST121",
      message: `Could not parse JSON in the "RAISE SQLSTATE 'PGRST'" error`,
      details: `Invalid JSON value for MESSAGE: '${error.message}'`,
      hint: "MESSAGE must be a JSON object with obligatory keys: 'code', 'message' " +
        "and optional keys: 'details', 'hint'.",
    };
  }
}
