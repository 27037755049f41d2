/**
 * The headers of answers, for the OpenAPI document: those that every answer carries, and those that
 * belong to a status.
 *
 * @module
 */

type JsonObject = Record<string, unknown>;

export const HEADERS: JsonObject = {
  RequestId: {
    description: "Also in the function's log, and in the body of an error.",
    required: true,
    schema: { type: "string", format: "uuid" },
  },
  Vary: { required: true, schema: { type: "string", pattern: "(?:^|, *)Origin(?:$|,)" } },
  ServerTiming: { required: true, schema: { type: "string", pattern: "total;dur=[0-9.]+" } },
  NoSniff: { required: true, schema: { const: "nosniff" } },
  NoStore: { required: true, schema: { const: "no-store" } },
  TenMinutes: { required: true, schema: { const: "public, max-age=600" } },
  RetryAfter: {
    description: "In seconds.",
    required: true,
    schema: { type: "integer", minimum: 1 },
  },
  Location: { required: true, schema: { type: "string", format: "uri" } },
  Allow: { required: true, schema: { type: "string", pattern: "^[A-Z]+(?:, [A-Z]+)*$" } },
  Authenticate: { required: true, schema: { type: "string", pattern: "^(?:Bearer|DPoP) " } },
  ProofChallenge: {
    description: "With `proof_required`: the challenge that the proof must sign. Also in the body.",
    schema: { type: "string", pattern: "^[A-Za-z0-9_-]{56}$" },
  },
  SetCookie: {
    description:
      "Three of them, each in a separate header: the access and the refresh cookie, and " +
      "one without a token that a page can read. A `validate` that refreshes nothing sets at most the last.",
    schema: { type: "string" },
  },
};

export function describeHeaders(answer: {
  readonly status: number;
  readonly setsCookies?: boolean;
  readonly isCacheable?: boolean;
  readonly wantsProof?: boolean;
}): JsonObject {
  const { status, wantsProof } = answer;
  return {
    "X-Request-Id": refer("RequestId"),
    "Vary": refer("Vary"),
    "Server-Timing": refer("ServerTiming"),
    "X-Content-Type-Options": refer("NoSniff"),
    "Cache-Control": refer(answer.isCacheable ? "TenMinutes" : "NoStore"),
    ...(answer.setsCookies ? { "Set-Cookie": refer("SetCookie") } : {}),
    ...(status === 429 || status === 503 ? { "Retry-After": refer("RetryAfter") } : {}),
    ...(status === 401 ? { "WWW-Authenticate": refer("Authenticate") } : {}),
    ...(wantsProof ? { "DPoP-Nonce": refer("ProofChallenge") } : {}),
    ...(status === 405 ? { "Allow": refer("Allow") } : {}),
  };
}

function refer(name: string): JsonObject {
  return { $ref: `#/components/headers/${name}` };
}
