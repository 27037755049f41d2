/**
 * The OpenAPI 3.1 document, made from the schemas that the handlers check with.
 *
 * @module
 */

import * as z from "zod";
import type { SessionCookies } from "./cookies.ts";
import { type ErrorCode, ERRORS, isSessionEnded } from "../errors.ts";
import { describeHeaders, HEADERS } from "./openapi_headers.ts";
import {
  COMMON_REFUSALS,
  type JsonAnswer,
  type Operation,
  OPERATIONS,
  type Page,
} from "./openapi_operations.ts";
import { errorView } from "./schemas.ts";
import { SIGN_IN_OPERATIONS } from "./sign_in_operations.ts";
import { VERSION } from "../version.ts";

type JsonObject = Record<string, unknown>;

const ALL_OPERATIONS = [...OPERATIONS, ...SIGN_IN_OPERATIONS];

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
  for (const operation of ALL_OPERATIONS) {
    paths[operation.path] = {
      ...paths[operation.path],
      [operation.method]: describeOperation(operation),
    };
  }
  return paths;
}

function describeOperation(operation: Operation): JsonObject {
  const { operationId, summary, body } = operation;
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
      ...describeRefusals(operation),
      ...describeAnswers(operation),
    },
  };
}

/** A page that has the status of a refusal is answered instead of it. */
function describeAnswers({ answer, alternatives = [], sealsCookies }: Operation): JsonObject {
  const answers = [...(answer === null ? [] : [answer]), ...alternatives];
  return Object.fromEntries(answers.map((each) => {
    const { status = 200 } = each;
    const setsCookies = sealsCookies || ("setsCookies" in each && each.setsCookies);
    return [String(status), {
      description: "page" in each ? PAGES[each.page] : "OK",
      headers: {
        ...describeHeaders({ ...each, status, setsCookies: setsCookies === true }),
        ...("page" in each && each.page === "redirect"
          ? { "Location": { $ref: "#/components/headers/Location" } }
          : {}),
      },
      ...describeContent(each),
    }];
  }));
}

const PAGES: Readonly<Record<Page["page"], string>> = {
  html: "A page",
  redirect: "The browser goes on",
};

function describeContent(answer: JsonAnswer | Page): JsonObject {
  if (!("page" in answer)) {
    return { content: { "application/json": { schema: refer(answer.name) } } };
  }
  return answer.page === "html" ? { content: { "text/html": { schema: { type: "string" } } } } : {};
}

function describeParameters({ path, query, takesProof }: Operation): JsonObject {
  const parameters = [
    ...describeQuery(query),
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

function describeQuery(query: Operation["query"]): readonly JsonObject[] {
  return Object.entries(query?.shape ?? {}).map(([name, schema]) => ({
    name,
    in: "query",
    required: !z.safeParse(schema, undefined).success,
    schema: describe(schema, "input"),
  }));
}

function describeRefusals({ refusals, saysInvalid, sealsCookies }: Operation): JsonObject {
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
        setsCookies: sealsCookies === true || possible.includes("mfa_required") ||
          possible.some(isSessionEnded),
        wantsProof: possible.includes("proof_required"),
      }),
      content: { "application/json": { schema: { allOf: [refer("Error"), narrowed] } } },
    }];
  }));
}

function describeSchemas(): JsonObject {
  return Object.fromEntries([
    ...ALL_OPERATIONS.flatMap(({ answer, alternatives = [] }) => [answer, ...alternatives])
      .filter((answer) => answer !== null && "schema" in answer)
      .map(({ name, schema }) => [name, describe(schema, "output")]),
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
