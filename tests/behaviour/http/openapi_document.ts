/**
 * The OpenAPI document as a caller reads it: the operations, and a judgement whether an answer is one
 * that the document promises.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import type { Answer } from "./browser.ts";

export interface Operation {
  readonly path: string;
  readonly method: string;
  readonly requestBody?: {
    readonly content: Readonly<
      Record<string, { readonly schema: object; readonly example: unknown }>
    >;
  };
  readonly responses: Readonly<
    Record<string, {
      readonly headers: Readonly<Record<string, { readonly $ref: string }>>;
      readonly content?: Readonly<Record<string, { readonly schema: object }>>;
    }>
  >;
}

interface Document {
  readonly paths: Readonly<
    Record<string, Readonly<Record<string, Omit<Operation, "path" | "method">>>>
  >;
  readonly components: {
    readonly schemas: Readonly<Record<string, object>>;
    readonly headers: Readonly<
      Record<string, { readonly required?: boolean; readonly schema: { readonly type?: string } }>
    >;
  };
}

export interface Contract {
  readonly operations: readonly Operation[];
  /** Fails unless the document promises this status, these headers and a body of this form. */
  assertPromised(operation: Operation, answer: Answer, what: string): void;
  /** Whether a request's body fits the document. */
  accepts(operation: Operation, body: unknown): boolean;
}

export function readContract(document: unknown): Contract {
  const { paths, components } = document as Document;
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  (addFormats as unknown as (to: Ajv2020) => void)(ajv);
  const compile = (schema: object) => ajv.compile({ ...schema, components });
  const validators = new Map<object, ReturnType<typeof compile>>();
  const validatorOf = (schema: object) => {
    const validator = validators.get(schema) ?? compile(schema);
    validators.set(schema, validator);
    return validator;
  };
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      ...operation,
      path,
      method: method.toUpperCase(),
    }))
  );
  return {
    operations,
    assertPromised({ method, path, responses }, { status, body, headers }, what) {
      const response = responses[String(status)];
      const summary = `${method} ${path}, ${what}: ${status} ${JSON.stringify(body)}`;
      assert.ok(response, `undocumented status: ${summary}`);
      assert.match(headers.get("content-type") ?? "", /^application\/json/, summary);
      const schema = response.content?.["application/json"]?.schema ?? assert.fail(summary);
      const validate = validatorOf(schema);
      assert.ok(validate(body), `${summary}\n${ajv.errorsText(validate.errors)}`);
      for (const [name, { $ref }] of Object.entries(response.headers)) {
        const header = components.headers[$ref.split("/").at(-1) ?? ""] ?? assert.fail($ref);
        const value = headers.get(name);
        if (value === null) {
          assert.ok(!header.required, `${name} is missing: ${summary}`);
          continue;
        }
        const isNumber = header.schema.type === "integer";
        const fits = validatorOf(header.schema)(isNumber ? Number(value) : value);
        assert.ok(fits, `${name}: ${value}: ${summary}`);
      }
      const documented: readonly string[] = Object.keys(response.headers)
        .map((name) => name.toLowerCase());
      for (const name of ["set-cookie", "retry-after", "allow", "www-authenticate"]) {
        assert.ok(!headers.has(name) || documented.includes(name), `${name} of ${summary}`);
      }
    },
    accepts({ requestBody }, body) {
      const schema = requestBody?.content["application/json"]?.schema;
      return schema !== undefined && validatorOf(schema)(body);
    },
  };
}
