import assert from "node:assert/strict";
import { Validator } from "@seriousme/openapi-schema-validator";
import fc from "fast-check";
import { SEED_USERS } from "../../../local/platform/seed_users.ts";
import { sendRaw } from "../attack/requests.ts";
import { ageLoginThrottle, ageSession } from "../../../local/testing/aging.ts";
import { ACCESS_COOKIE, type Answer, type Browser } from "./browser.ts";
import { openHttpFixture } from "./fixture.ts";
import { ROUTES } from "../../../supabase/functions/_shared/http/unified_auth_app.ts";
import { anything, fitting, mutated } from "./openapi_arbitraries.ts";
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
  const served = Object.entries(ROUTES)
    .filter(([path]) => path !== "/openapi.json")
    .flatMap(([path, methods]) =>
      methods.split(", ").map((method) => `${method} /unified-auth${path.replace(":id", "{id}")}`)
    );
  assert.deepEqual(
    contract.operations.map(({ method, path }) => `${method} ${path}`).sort(),
    [...served, "GET /validate-session", "POST /validate-session"].sort(),
  );
});

/** A browser goes there itself, and is answered pages and redirects: tests/behaviour/sign_in. */
function isPage({ responses }: Operation): boolean {
  return Object.values(responses).some(({ content }) =>
    content?.["application/json"] === undefined
  );
}

/** Its example is one step of a flow: tests/behaviour/sign_in take all of them. */
function isSignInStep({ path, requestBody }: Operation): boolean {
  return requestBody !== undefined &&
    /\/(?:otp|verify|cancel|signup|recover|password|options|challenge|factors(?:\/\{id\})?)$/.test(
      path,
    );
}

Deno.test("the examples of the sign-in routes have their form, and are answered as documented", async () => {
  for (const operation of contract.operations.filter(isSignInStep)) {
    const { method, path } = operation;
    const body = operation.requestBody?.content["application/json"]?.example;
    assert.ok(contract.accepts(operation, body), path);
    const answer = await fixture.openBrowser().call(path.replace("{id}", SOMEBODYS), {
      method,
      body,
    });
    contract.assertPromised(operation, answer, "the example");
    assert.notEqual(answer.body["code"], "validation_failed", path);
  }
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
  const operations = contract.operations.filter((each) => !isPage(each) && !isSignInStep(each));
  const inOrder = [
    ...operations.filter((each) => !isLogout(each) && !ends(each)),
    ...operations.filter(isLogout),
  ];
  for (const operation of inOrder) {
    const answer = await call(operation);
    assert.equal(answer.status, 200, `${operation.path}: ${JSON.stringify(answer.body)}`);
    contract.assertPromised(operation, answer, "the example");
  }
  const other = await fixture.openBrowser().login(SEED_USERS.ada);
  await browser.login(SEED_USERS.ada);
  const [end] = operations.filter(ends);
  assert.ok(end);
  const ended = await call(end, other.session.id);
  assert.equal(ended.status, 200);
  contract.assertPromised(end, ended, "the session of another browser");
});

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/** Most by the operation's own method and content type; a body also where none belongs. */
function requestsTo(operation: Operation, drawn: Drawn) {
  const schema = operation.requestBody?.content["application/json"]?.schema;
  const often = <Value>(usual: Value, ...others: readonly Value[]) =>
    fc.oneof({ weight: 9, arbitrary: fc.constant(usual) }, fc.constantFrom(...others));
  return fc.record({
    operation: fc.constant(operation),
    method: often(operation.method, ...METHODS),
    body: schema === undefined ? anything() : fc.oneof(fitting(schema), mutated(schema)),
    cookie: fc.constantFrom(...drawn.cookies),
    origin: often<string | null>(null, "https://evil.example", "null"),
    contentType: often("application/json", "text/plain", "application/json-patch+json"),
    id: fc.constantFrom(...drawn.ids),
  });
}

interface Drawn {
  readonly cookies: readonly string[];
  readonly ids: readonly string[];
}

Deno.test("whatever is sent, each route answers as the document promises", async () => {
  const { browser, sessionId } = await fixture.signIn();
  const gone = await fixture.signIn();
  await gone.browser.copy().logout();
  const asleep = await fixture.signIn();
  await ageSession(fixture.sql, asleep.sessionId, 7_200);
  const drawn = {
    cookies: [
      "",
      cookieHeader(browser),
      cookieHeader(gone.browser),
      cookieHeader(asleep.browser),
      "__Host-session_access=a.b.c; __Host-session_refresh=junk",
      `filler=${"x".repeat(33 * 1024)}`,
    ],
    ids: [SOMEBODYS, sessionId.replace(/^./, "g"), "%00", "a%2fb"],
  };
  const seed = fc.sample(fc.integer(), 1)[0] ?? 0;
  const requests = fc.sample(
    fc.constantFrom(...contract.operations.filter((each) => !isPage(each)))
      .chain((operation) => requestsTo(operation, drawn)),
    { numRuns: 1000, seed },
  );
  const statuses = new Set<number>();
  let fittingLogins = 0;
  for (let at = 0; at < requests.length; at += 25) {
    await Promise.all(
      requests.slice(at, at + 25).map(async (request) => {
        const { operation, method, body, cookie, origin, contentType, id } = request;
        const text = JSON.stringify(body);
        const isRead = method === "GET";
        const isFitting = contract.accepts(operation, JSON.parse(text));
        const isServed = method === operation.method && contentType === "application/json" &&
          origin === null && cookie.length < 32 * 1024 &&
          new TextEncoder().encode(text).length <= 16 * 1024;
        if (isFitting && isServed) {
          // A refused sign-in takes half a second, and a logout ends a session that others show.
          if (
            /\/(?:login|otp|verify|signup|recover)$/.test(operation.path) && fittingLogins++ > 50
          ) {
            return;
          }
          if (operation.path.endsWith("/logout") && cookie !== "") return;
        }
        const answer = await sendRaw(urlOf(operation, id), {
          method,
          contentType,
          headers: { ...(cookie ? { cookie } : {}), ...(origin ? { origin } : {}) },
          ...(isRead ? {} : { body: text }),
        });
        const summary = `seed ${seed}: ${method} ${operation.path} ${contentType} ${origin} ` +
          `${id} ${cookie.slice(0, 300)} ${text.slice(0, 300)}`;
        statuses.add(answer.status);
        // By another method it may be another operation of the same path.
        const asked = contract.operations.find((each) =>
          each.path === operation.path && each.method === method
        );
        contract.assertPromised(asked ?? operation, answer, summary);
        assert.ok(answer.status < 500, summary);
        if (operation.requestBody && isServed) {
          assert.equal(answer.body["code"] === "validation_failed", !isFitting, summary);
        }
      }),
    );
  }
  for (const expected of [200, 400, 401, 403, 404, 405, 415, 431]) {
    assert.ok(statuses.has(expected), `seed ${seed}: no request was answered ${expected}`);
  }
  assert.equal((await browser.validate()).status, 200);
});

Deno.test("an answer that asks for patience is one that the document promises", async () => {
  const operationOf = (path: string) =>
    contract.operations.find((each) => each.path === path) ?? assert.fail(path);
  const { person, browser } = await fixture.signIn();
  const guesser = fixture.openBrowser();
  const guess = { email: person.email, password: "swordfish" };
  await Promise.all(
    Array.from({ length: 6 }, () => guesser.call("/unified-auth/login", { body: guess })),
  );
  await ageLoginThrottle(fixture.sql, -600); // the delay is still to come
  const login = await guesser.call("/unified-auth/login", { body: guess });

  browser.cookies.delete(ACCESS_COOKIE);
  await fixture.sql`
    update public.sessions set rate_limit_tat = now() + interval '1 hour'
    where user_id = ${person.id}`;
  const [validate, refresh] = [await browser.validate(), await browser.refresh()];
  for (
    const [path, answer] of [
      ["/unified-auth/login", login],
      ["/unified-auth/validate", validate],
      ["/unified-auth/refresh", refresh],
    ] as const
  ) {
    assert.equal(answer.status, 429);
    contract.assertPromised(operationOf(path), answer, "too many attempts");
  }
});
