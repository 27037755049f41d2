import assert from "node:assert/strict";
import { Validator } from "@seriousme/openapi-schema-validator";
import fc from "fast-check";
import { SEED_USERS } from "../../local/seed_users.ts";
import { sendRaw } from "../attack/requests.ts";
import type { Answer, Browser } from "./browser.ts";
import { openHttpFixture } from "./fixture.ts";
import { type Operation, readContract } from "./openapi_document.ts";

const fixture = await openHttpFixture();
Deno.test.afterAll(() => fixture.close());

const { functionsUrl } = fixture.stack;
const document: unknown = (await sendRaw(`${functionsUrl}/unified-auth/openapi.json`, {
  method: "GET",
})).body;
const contract = readContract(document);

const SOMEBODYS = "00000000-0000-4000-8000-000000000000";

function urlOf({ path }: Operation, id = SOMEBODYS): string {
  return `${functionsUrl}${path.replace("{id}", id)}`;
}

function cookieHeader({ cookies }: Browser): string {
  return [...cookies].map((pair) => pair.join("=")).join("; ");
}

Deno.test("the document is valid OpenAPI 3.1", async () => {
  const validator = new Validator();
  const { valid, errors } = await validator.validate(JSON.parse(JSON.stringify(document)));
  assert.ok(valid, JSON.stringify(errors));
  assert.equal(validator.version, "3.1");
});

Deno.test("the document names every route but its own", () => {
  assert.deepEqual(contract.operations.map(({ method, path }) => `${method} ${path}`).sort(), [
    "DELETE /unified-auth/sessions/{id}",
    "GET /unified-auth/.well-known/jwks.json",
    "GET /unified-auth/health",
    "GET /unified-auth/sessions",
    "GET /validate-session",
    "POST /unified-auth/login",
    "POST /unified-auth/logout",
    "POST /unified-auth/refresh",
    "POST /unified-auth/validate",
    "POST /validate-session",
  ]);
});

Deno.test("every example works when it is sent, in the order in which a browser would", async () => {
  const browser = fixture.openBrowser();
  const call = (operation: Operation, id?: string): Promise<Answer> => {
    const example = operation.requestBody?.content["application/json"]?.example;
    return browser.call(operation.path.replace("{id}", id ?? SOMEBODYS), {
      method: operation.method,
      ...(example === undefined ? {} : { body: example }),
    });
  };
  const isLogout = ({ path }: Operation) => path.endsWith("/logout");
  const ends = ({ path }: Operation) => path.includes("{id}");
  const inOrder = [
    ...contract.operations.filter((each) => !isLogout(each) && !ends(each)),
    ...contract.operations.filter(isLogout),
  ];
  for (const operation of inOrder) {
    const answer = await call(operation);
    assert.equal(answer.status, 200, `${operation.path}: ${JSON.stringify(answer.body)}`);
    contract.assertPromised(operation, answer, "the example");
  }
  const other = await fixture.openBrowser().login(SEED_USERS.ada);
  await browser.login(SEED_USERS.ada);
  const [end] = contract.operations.filter(ends);
  assert.ok(end);
  const ended = await call(end, other.session.id);
  assert.equal(ended.status, 200);
  contract.assertPromised(end, ended, "the session of another browser");
});

/** A body that fits, one that nearly does, or any JSON. */
function bodies(operation: Operation): fc.Arbitrary<unknown> {
  const example = operation.requestBody?.content["application/json"]?.example ?? {};
  const names = [...Object.keys(example as object), "email", "refresh", "scope", "__proto__", "x"];
  const scalars = fc.oneof(
    fc.constantFrom(
      "auto",
      "never",
      "local",
      "others",
      "a@example.com",
      "a.b.c",
      "",
      "\0",
      "\ud800",
    ),
    fc.string({ maxLength: 20 }),
    fc.double(),
    fc.boolean(),
    fc.constant(null),
  );
  return fc.oneof(
    fc.constant({}),
    fc.dictionary(fc.constantFrom(...names), scalars, { maxKeys: 3 }),
    fc.dictionary(fc.constantFrom(...names), scalars, { maxKeys: 2 }).map((more) => ({
      ...example as object,
      ...more,
    })),
    fc.jsonValue({ maxDepth: 3 }),
  );
}

Deno.test("whatever is sent, each route answers as the document promises", async () => {
  const { browser, sessionId } = await fixture.signIn();
  const gone = await fixture.signIn();
  await gone.browser.copy().logout();
  const cookies = [
    "",
    cookieHeader(browser),
    cookieHeader(gone.browser),
    "__Host-session_access=a.b.c; __Host-session_refresh=junk",
  ];
  const requests = fc.sample(
    fc.constantFrom(...contract.operations).chain((operation) =>
      fc.record({
        operation: fc.constant(operation),
        body: bodies(operation),
        cookie: fc.constantFrom(...cookies),
        origin: fc.constantFrom(null, null, null, "https://evil.example"),
        contentType: fc.constantFrom("application/json", "application/json", "text/plain"),
        id: fc.constantFrom(SOMEBODYS, sessionId.replace(/^./, "g"), "%00", "a%2fb"),
      })
    ),
    500,
  );
  const statuses = new Set<number>();
  for (let at = 0; at < requests.length; at += 25) {
    await Promise.all(
      requests.slice(at, at + 25).map(async (request) => {
        const { operation, body, cookie, origin, contentType, id } = request;
        const isRead = operation.method === "GET";
        const isFitting = contract.accepts(operation, body);
        // A sign-in that fits costs the half second of a refused password, and a logout the session.
        if (isFitting && /log(in|out)$/.test(operation.path)) return;
        const answer = await sendRaw(urlOf(operation, id), {
          method: operation.method,
          contentType,
          headers: { ...(cookie ? { cookie } : {}), ...(origin ? { origin } : {}) },
          ...(isRead ? {} : { body: JSON.stringify(body) }),
        });
        statuses.add(answer.status);
        contract.assertPromised(operation, answer, JSON.stringify(request));
        assert.ok(answer.status < 500, JSON.stringify(answer.body));
        const isJson = contentType === "application/json" && origin === null;
        if (operation.requestBody && isJson && !isFitting) {
          assert.equal(answer.status, 400, `accepted: ${JSON.stringify(request)}`);
        }
      }),
    );
  }
  for (const expected of [200, 400, 401, 403, 404, 415]) {
    assert.ok(statuses.has(expected), `no request was answered ${expected}`);
  }
  assert.equal((await browser.validate()).status, 200);
});
