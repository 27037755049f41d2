/**
 * The OpenAPI 3.1 document, made from the schemas that the handlers check with.
 *
 * @module
 */

import * as z from "zod";
import type { SessionCookies } from "../cookies.ts";
import { type ErrorCode, ERRORS, isSessionOver } from "../errors.ts";
import { describeHeaders, HEADERS } from "./openapi_headers.ts";
import { COMMON_REFUSALS, type Operation, OPERATIONS } from "./openapi_operations.ts";
import { errorView } from "./schemas.ts";
import { VERSION } from "../version.ts";

type JsonObject = Record<string, unknown>;

/** Made at the first request and kept: most instances are never asked. */
let made: JsonObject | null = null;

export function createOpenApiDocument(
  { accessName, refreshName }: Pick<SessionCookies, "accessName" | "refreshName">,
): JsonObject {
  made ??= {
    openapi: "3.1.0",
    info: {
      title: "Unified Auth",
      version: VERSION,
      description: "Sessions for web apps on Supabase: login, validate, refresh, logout.",
    },
    servers: [{ url: "/functions/v1" }],
    paths: describePaths(),
    components: {
      schemas: describeSchemas(),
      headers: HEADERS,
      securitySchemes: {
        accessCookie: { type: "apiKey", in: "cookie", name: accessName },
        refreshCookie: { type: "apiKey", in: "cookie", name: refreshName },
        bearer: { type: "http", scheme: "bearer", bearerFormat: "JWT" },
      },
    },
  };
  return made;
}

function describePaths(): JsonObject {
  const paths: Record<string, JsonObject> = {};
  for (const operation of OPERATIONS) {
    paths[operation.path] = {
      ...paths[operation.path],
      [operation.method]: describeOperation(operation),
    };
  }
  return paths;
}

function describeOperation(operation: Operation): JsonObject {
  const { operationId, summary, body, answer } = operation;
  return {
    operationId,
    summary,
    security: [{ accessCookie: [] }, { refreshCookie: [] }, { bearer: [] }, {}],
    ...describeParameters(operation),
    ...(body === undefined ? {} : {
      requestBody: {
        required: operationId === "login",
        content: {
          "application/json": { schema: describe(body.schema, "input"), example: body.example },
        },
      },
    }),
    responses: {
      "200": {
        description: "OK",
        headers: describeHeaders({ ...answer, status: 200 }),
        content: { "application/json": { schema: refer(answer.name) } },
      },
      ...describeRefusals(operation),
    },
  };
}

function describeParameters({ path, takesProof }: Operation): JsonObject {
  const parameters = [
    ...(path.includes("{id}")
      ? [{ name: "id", in: "path", required: true, schema: { type: "string", format: "uuid" } }]
      : []),
    ...(takesProof
      ? [{
        name: "DPoP",
        in: "header",
        description: "A proof of the browser's key (RFC 9449); its nonce is the last `challenge`.",
        schema: { type: "string" },
      }]
      : []),
  ];
  return parameters.length === 0 ? {} : { parameters };
}

function describeRefusals({ refusals, saysInvalid }: Operation): JsonObject {
  const codes: readonly ErrorCode[] = [...refusals, ...COMMON_REFUSALS];
  const statuses = [...new Set(codes.map((code) => ERRORS[code].status))].sort();
  return Object.fromEntries(statuses.map((status) => {
    const possible = codes.filter((code) => ERRORS[code].status === status);
    const narrowed = {
      type: "object",
      properties: { code: { enum: possible } },
      required: saysInvalid ? ["valid"] : [],
    };
    return [String(status), {
      description: possible.join(", "),
      headers: describeHeaders({
        status,
        setsCookies: possible.some(isSessionOver),
        wantsProof: possible.includes("proof_required"),
      }),
      content: { "application/json": { schema: { allOf: [refer("Error"), narrowed] } } },
    }];
  }));
}

function describeSchemas(): JsonObject {
  return Object.fromEntries([
    ...OPERATIONS.map(({ answer }) => [answer.name, describe(answer.schema, "output")]),
    ["Error", describe(errorView, "output")],
  ]);
}

function describe(schema: z.ZodType, io: "input" | "output"): JsonObject {
  const { $schema: _dialect, ...described } = z.toJSONSchema(schema, { io });
  return described;
}

function refer(name: string): JsonObject {
  return { $ref: `#/components/schemas/${name}` };
}
