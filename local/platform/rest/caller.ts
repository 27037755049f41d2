/**
 * Who calls: the role and the claims that a request runs with, read from `apikey` and
 * `Authorization`. The gateway's part (keys) and PostgREST's (tokens) in one place, because locally
 * they are one process.
 *
 * @module
 */
import { roleOfKey } from "../project_keys.ts";
import type { CallerOptions, Claims, SignatureCheck } from "../token_signatures.ts";
import { type RestError, RestFailure } from "./errors.ts";

/** Whom a request acts as. */
export interface Caller {
  readonly role: string;
  readonly claims: Claims;
}

/** @throws {Response} the gateway's 401. @throws {RestFailure} PostgREST's 401. */
export async function identifyCaller(
  request: Request,
  { keys, checkSignature, now }: CallerOptions,
): Promise<Caller> {
  const key = request.headers.get("apikey") ?? new URL(request.url).searchParams.get("apikey");
  if (!key) throw noApiKey();
  const keyRole = roleOfKey(keys, key);
  if (!keyRole) throw invalidApiKey();

  const token = /^Bearer (.*)$/i.exec(request.headers.get("authorization") ?? "")?.[1]?.trim();
  if (token === undefined) return callerWith({ role: keyRole });
  const tokenRole = roleOfKey(keys, token);
  if (tokenRole) return callerWith({ role: tokenRole });
  if (token.startsWith("sb_")) throw invalidApiKey();

  const claims = claimsOf(token, await checkSignature(token));
  checkTimes(claims, Math.floor(now() / 1000));
  return callerWith(claims);
}

function callerWith(claims: Claims): Caller {
  const role = typeof claims.role === "string" ? claims.role : "anon";
  return { role, claims: { ...claims, role } };
}

function noApiKey(): Response {
  return Response.json({
    message: "No API key found in request",
    hint: "No `apikey` request header or url param was found.",
  }, { status: 401 });
}

function invalidApiKey(): Response {
  return Response.json({
    message: "Invalid API key",
    hint: "Double check your Supabase `anon` or `service_role` API key.",
  }, { status: 401 });
}

function claimsOf(token: string, check: SignatureCheck): Claims {
  switch (check.outcome) {
    case "good":
      return check.claims;
    case "not_three_parts":
      throw undecodable(
        token === ""
          ? "Empty JWT is sent in Authorization header"
          : `Expected 3 parts in JWT; got ${check.parts}`,
      );
    case "not_a_token":
      throw undecodable("JWT couldn't be decoded");
    case "unsupported_algorithm":
      throw undecodable("Wrong or unsupported encoding algorithm", check.algorithm);
    case "unknown_key":
      throw undecodable("No suitable key or wrong key type", "No suitable key was found");
    case "wrong_signature":
      throw undecodable(
        "No suitable key or wrong key type",
        "None of the keys was able to decode the JWT",
      );
    default:
      throw check satisfies never;
  }
}

const SKEW_SECONDS = 30;

/** In PostgREST's order, with its half minute of tolerance on every time. */
function checkTimes(claims: Claims, now: number): void {
  const { exp, nbf, iat } = claims;
  if (isTime(exp, "exp") && now - SKEW_SECONDS > exp) throw refused("JWT expired");
  if (isTime(nbf, "nbf") && now + SKEW_SECONDS < nbf) throw refused("JWT not yet valid");
  if (isTime(iat, "iat") && now + SKEW_SECONDS < iat) throw refused("JWT issued at future");
}

function isTime(value: unknown, name: string): value is number {
  if (value === undefined || value === null) return false;
  if (typeof value === "number") return true;
  throw refused(`The JWT '${name}' claim must be a number`);
}

function undecodable(message: string, details: string | null = null): RestFailure {
  return new RestFailure({ ...invalidToken(message), code: "PGRST301", details });
}

function refused(message: string): RestFailure {
  return new RestFailure({ ...invalidToken(message), code: "PGRST303" });
}

function invalidToken(message: string): Omit<RestError, "code"> {
  const description = JSON.stringify(message);
  return {
    status: 401,
    message,
    headers: {
      "www-authenticate": `Bearer error="invalid_token", error_description=${description}`,
    },
  };
}
