/**
 * The request and the answers of each route, for the OpenAPI document. The codes that a route may refuse
 * with are listed here and checked against the running functions by the tests.
 *
 * @module
 */

import type * as z from "zod";
import { type ErrorCode, SESSION_ENDED_CODES } from "../errors.ts";
import {
  graceView,
  healthView,
  jwksView,
  loginBody,
  logoutBody,
  logoutView,
  refreshBody,
  sessionList,
  sessionView,
  validateBody,
} from "./schemas.ts";

export interface JsonAnswer {
  /** @default {200} */
  readonly status?: 200 | 201 | 202;
  readonly name: string;
  readonly schema: z.ZodType;
  readonly setsCookies?: true;
  readonly isCacheable?: true;
}

/** An answer to a browser itself. */
export interface Page {
  readonly status: 200 | 302 | 303 | 503;
  readonly page: "html" | "redirect";
}

export interface Operation {
  readonly method: "get" | "post" | "put" | "delete";
  /** Below `/functions/v1`. */
  readonly path: string;
  readonly operationId: string;
  readonly summary: string;
  readonly query?: z.ZodObject;
  readonly body?: { readonly schema: z.ZodType; readonly example: unknown };
  /** Null where a browser goes itself, and is answered pages and redirects. */
  readonly answer: JsonAnswer | null;
  /** Other successful answers. */
  readonly alternatives?: readonly (JsonAnswer | Page)[];
  /** Whether any answer, a refusal too, may set or clear a sealed cookie. */
  readonly sealsCookies?: true;
  /** Whether a proof of the browser's key may come along. */
  readonly takesProof?: true;
  /** Whether an error also says `valid: false`. */
  readonly saysInvalid?: true;
  /** Codes beyond those that every route may answer. */
  readonly refusals: readonly ErrorCode[];
}

/** Codes that any route may answer. */
export const COMMON_REFUSALS = [
  "cross_site_request",
  "method_not_allowed",
  "not_found",
  "headers_too_large",
  "payload_too_large",
  "unexpected_failure",
] as const satisfies readonly ErrorCode[];

export const BODY_REFUSALS = ["bad_json", "validation_failed", "unsupported_media_type"] as const;

const ACCESS_TOKEN = ["access_token_missing", "access_token_invalid"] as const;

export const LIVE_ACCESS_TOKEN = [
  ...ACCESS_TOKEN,
  "access_token_expired",
  "access_token_superseded",
] as const;

const GRACED_ACCESS_TOKEN = [
  ...ACCESS_TOKEN,
  "access_token_superseded",
  "grace_window_elapsed",
] as const;

const PROOF = ["proof_required", "proof_key_unknown"] as const;

/** Refusals by the project when an access token is to be signed: by its hook, or by role. */
const MINTING = ["access_denied", "role_not_allowed"] as const;

const REFRESH_TOKEN = [
  "refresh_token_invalid",
  "unknown_generation",
  ...PROOF,
  ...MINTING,
] as const;

export const OPERATIONS: readonly Operation[] = [
  {
    method: "post",
    path: "/unified-auth/login",
    operationId: "login",
    takesProof: true,
    summary: "Sign in by password, or exchange an access token of Supabase Auth for a session",
    body: {
      schema: loginBody,
      example: { email: "ada@example.com", password: "correct-horse-battery-staple" },
    },
    answer: { name: "SessionView", schema: sessionView, setsCookies: true },
    refusals: [
      ...BODY_REFUSALS,
      "invalid_credentials",
      "bad_jwt",
      "email_not_confirmed",
      "mfa_required",
      "access_denied",
      "role_not_allowed",
      "captcha_failed",
      "over_request_rate_limit",
      "service_unavailable",
    ],
  },
  {
    method: "post",
    path: "/unified-auth/validate",
    operationId: "validate",
    takesProof: true,
    summary: "Is this browser signed in? Falls back to auto-refresh unless `refresh` is `never`",
    saysInvalid: true,
    body: { schema: validateBody, example: { refresh: "auto" } },
    answer: { name: "SessionView", schema: sessionView, setsCookies: true },
    refusals: [
      ...BODY_REFUSALS,
      ...SESSION_ENDED_CODES,
      ...LIVE_ACCESS_TOKEN,
      ...REFRESH_TOKEN,
      "over_request_rate_limit",
      "service_unavailable",
    ],
  },
  {
    method: "post",
    path: "/unified-auth/refresh",
    operationId: "refresh",
    takesProof: true,
    summary: "Rotate the refresh token of the cookie",
    body: { schema: refreshBody, example: {} },
    answer: { name: "SessionView", schema: sessionView, setsCookies: true },
    refusals: [
      ...BODY_REFUSALS,
      ...SESSION_ENDED_CODES,
      "refresh_token_missing",
      ...REFRESH_TOKEN,
      "over_request_rate_limit",
      "service_unavailable",
    ],
  },
  {
    method: "post",
    path: "/unified-auth/logout",
    operationId: "logout",
    takesProof: true,
    summary: "End this session, the others, or all",
    body: { schema: logoutBody, example: { scope: "local" } },
    answer: { name: "LogoutView", schema: logoutView, setsCookies: true },
    refusals: [
      ...BODY_REFUSALS,
      "session_revoked",
      "refresh_token_already_used",
      "refresh_token_invalid",
      ...LIVE_ACCESS_TOKEN,
      ...PROOF,
      "service_unavailable",
    ],
  },
  {
    method: "get",
    path: "/unified-auth/sessions",
    operationId: "listSessions",
    summary: "The signed-in user's live sessions, the current one marked",
    answer: { name: "SessionList", schema: sessionList },
    refusals: [...SESSION_ENDED_CODES, ...LIVE_ACCESS_TOKEN, "service_unavailable"],
  },
  {
    method: "delete",
    path: "/unified-auth/sessions/{id}",
    operationId: "endSession",
    summary: "End one of the user's own sessions",
    answer: { name: "LogoutView", schema: logoutView, setsCookies: true },
    refusals: [...SESSION_ENDED_CODES, ...LIVE_ACCESS_TOKEN, "service_unavailable"],
  },
  {
    method: "get",
    path: "/unified-auth/.well-known/jwks.json",
    operationId: "jwks",
    summary: "Public keys of the access tokens",
    answer: { name: "JsonWebKeySet", schema: jwksView, isCacheable: true },
    refusals: [],
  },
  {
    method: "get",
    path: "/unified-auth/health",
    operationId: "health",
    summary: "Is the database reachable?",
    answer: { name: "Health", schema: healthView },
    refusals: ["service_unavailable"],
  },
  {
    method: "get",
    path: "/validate-session",
    operationId: "getValidateSession",
    summary: "Is the session active, in its grace window, or ended? Never rotates",
    saysInvalid: true,
    answer: { name: "GraceView", schema: graceView },
    refusals: [...SESSION_ENDED_CODES, ...GRACED_ACCESS_TOKEN, "service_unavailable"],
  },
  {
    method: "post",
    path: "/validate-session",
    operationId: "postValidateSession",
    summary: "The same, for callers that only POST",
    saysInvalid: true,
    body: { schema: refreshBody, example: {} },
    answer: { name: "GraceView", schema: graceView },
    refusals: [
      ...BODY_REFUSALS,
      ...SESSION_ENDED_CODES,
      ...GRACED_ACCESS_TOKEN,
      "service_unavailable",
    ],
  },
];
