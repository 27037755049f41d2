import { testBroken } from "./broken.ts";
import { openDoctorFixture } from "./fixture.ts";

const fixture = await openDoctorFixture();
const late = Promise.withResolvers<Response>();
Deno.test.afterAll(async () => {
  late.resolve(new Response());
  await fixture.close();
});

function platform(status: number, code: string): Response {
  return Response.json({ code, message: "…" }, { status });
}

function isBearer({ headers }: Request): boolean {
  return headers.has("authorization");
}

testBroken(fixture, {
  when: "nothing listens at the address",
  check: "functions_answer",
  says: /^Nothing answers/,
  broken: null,
  options: { functionsUrl: "http://127.0.0.1:1/functions/v1" },
});

testBroken(fixture, {
  when: "the address takes the request and never answers",
  check: "functions_answer",
  says: /^Nothing answers: ".*timeout"/,
  broken: { answer: () => late.promise },
  options: { timeoutMs: 100 },
});

testBroken(fixture, {
  when: "the functions are newer than the database's migrations",
  check: "functions_answer",
  says: /lacks migrations/,
  broken: {
    answer: ({ url }) =>
      url.endsWith("/health")
        ? Response.json({ code: "service_unavailable", message: "…", database: "outdated" }, {
          status: 503,
        })
        : null,
  },
});

testBroken(fixture, {
  when: "the functions are not deployed",
  check: "functions_answer",
  says: /knows no such function/,
  broken: { answer: () => platform(404, "NOT_FOUND") },
});

testBroken(fixture, {
  when: "only one of the functions is deployed",
  check: "functions_answer",
  says: /validate-session does not\. The platform knows no such function/,
  broken: {
    answer: ({ url }) => url.endsWith("/validate-session") ? platform(404, "NOT_FOUND") : null,
  },
});

testBroken(fixture, {
  when: "a setting keeps the function from starting",
  check: "functions_answer",
  says: /does not start/,
  broken: { answer: () => platform(503, "BOOT_ERROR") },
});

testBroken(fixture, {
  when: "the app's page for unknown paths answers instead",
  check: "functions_answer",
  says: /^Something else answers here: status 200, "text\/html/,
  broken: {
    answer: () => new Response("<!doctype html>", { headers: { "content-type": "text/html" } }),
  },
});

testBroken(fixture, {
  when: "the address redirects",
  check: "functions_answer",
  says: /redirects to "https:\/\/www\.example\.com/,
  broken: {
    answer: () =>
      new Response(null, { status: 308, headers: { location: "https://www.example.com/" } }),
  },
});

testBroken(fixture, {
  when: "the database is away",
  check: "functions_answer",
  says: /its database does not/,
  broken: { answer: () => platform(503, "service_unavailable") },
});

testBroken(fixture, {
  when: "a proxy gives visitors a token",
  check: "functions_answer",
  says: /answers a visitor with "access_token_invalid"/,
  broken: { changeRequest: (headers) => headers.set("authorization", "Bearer of-the-proxy") },
});

testBroken(fixture, {
  when: "the functions do not answer",
  check: "cookies_arrive",
  result: "not_checked",
  says: /do not answer as they should/,
  broken: { answer: () => platform(404, "NOT_FOUND") },
});

testBroken(fixture, {
  when: "the platform's JWT check is on",
  check: "expired_bearer",
  says: /UNAUTHORIZED_ASYMMETRIC_JWT.*JWT check is on/,
  broken: {
    answer: (request) => isBearer(request) ? platform(401, "UNAUTHORIZED_ASYMMETRIC_JWT") : null,
  },
});

testBroken(fixture, {
  when: "a gateway of another make refuses expired tokens",
  check: "expired_bearer",
  says: /^Something else answers here: status 401/,
  broken: {
    answer: (request) => isBearer(request) ? new Response("denied", { status: 401 }) : null,
  },
});

const cached = { id: "" };

testBroken(fixture, {
  when: "a cache hands out one answer twice",
  check: "answers_fresh",
  says: /one and the same answer/,
  broken: {
    changeReply: (headers, { method }) => {
      if (method !== "GET") return;
      cached.id ||= headers.get("x-request-id") ?? "";
      headers.set("x-request-id", cached.id);
    },
  },
});

testBroken(fixture, {
  when: "an answer has an age",
  check: "answers_fresh",
  says: /carries an Age/,
  broken: { changeReply: (headers) => headers.set("age", "3") },
});

testBroken(fixture, {
  when: "no-store is lost",
  check: "answers_fresh",
  says: /no-store is lost/,
  broken: { changeReply: (headers) => headers.set("cache-control", "public, max-age=60") },
});

testBroken(fixture, {
  when: "the request's id is lost",
  check: "answers_fresh",
  says: /X-Request-Id .* is lost/,
  broken: { changeReply: (headers) => headers.delete("x-request-id") },
});
