import { testBroken } from "./broken.ts";
import { APP_ON_ANOTHER_PORT, openDoctorFixture } from "./fixture.ts";

const fixture = await openDoctorFixture();
Deno.test.afterAll(() => fixture.close());

const UNLISTED = "https://unlisted.example.com";

function isPreflight({ method }: Request): boolean {
  return method === "OPTIONS";
}

testBroken(fixture, {
  when: "a proxy hides from the functions that a page has their origin",
  check: "app_origin",
  says: /refused as another site's/,
  broken: {
    changeRequest: (headers) => {
      if (!headers.has("sec-fetch-site")) return;
      headers.set("sec-fetch-site", "cross-site");
      headers.set("origin", UNLISTED);
    },
  },
});

testBroken(fixture, {
  when: "only browsers with Sec-Fetch-Site are let in, as the app is not on the list",
  check: "app_origin",
  result: "warning",
  says: /Safari before 16\.4/,
  broken: {
    changeRequest: (headers) => {
      if (headers.get("origin") === fixture.baseUrl) headers.set("origin", UNLISTED);
    },
  },
});

testBroken(fixture, {
  when: "the app's origin is not on the list",
  check: "app_origin",
  says: /does not name the app's origin/,
  broken: null,
  options: { appOrigin: UNLISTED },
});

testBroken(fixture, {
  when: "a gateway answers preflights with *",
  check: "app_origin",
  says: /answered with \*/,
  broken: {
    answer: (request) =>
      isPreflight(request)
        ? new Response(null, { headers: { "access-control-allow-origin": "*" } })
        : null,
  },
  options: { appOrigin: APP_ON_ANOTHER_PORT },
});

testBroken(fixture, {
  when: "a proxy does not know OPTIONS",
  check: "app_origin",
  says: /answered with status 405/,
  broken: {
    answer: (request) => isPreflight(request) ? new Response(null, { status: 405 }) : null,
  },
  options: { appOrigin: APP_ON_ANOTHER_PORT },
});

testBroken(fixture, {
  when: "a proxy names another origin",
  check: "app_origin",
  says: /names "https:\/\/other\.example"/,
  broken: {
    changeReply: (headers) => headers.set("access-control-allow-origin", "https://other.example"),
  },
  options: { appOrigin: APP_ON_ANOTHER_PORT },
});

for (
  const [header, lacks] of [
    ["access-control-allow-credentials", /lacks Access-Control-Allow-Credentials/],
    ["access-control-allow-methods", /lacks POST/],
    ["access-control-allow-headers", /lacks apikey/],
  ] as const
) {
  testBroken(fixture, {
    when: `the preflight has lost ${header}`,
    check: "app_origin",
    says: lacks,
    broken: {
      changeReply: (headers, request) => {
        if (isPreflight(request)) headers.delete(header);
      },
    },
    options: { appOrigin: APP_ON_ANOTHER_PORT },
  });
}

testBroken(fixture, {
  when: "only the preflight lets the app in",
  check: "app_origin",
  says: /request itself is refused/,
  broken: {
    changeRequest: (headers, request) => {
      if (!isPreflight(request)) headers.set("origin", UNLISTED);
    },
  },
  options: { appOrigin: APP_ON_ANOTHER_PORT },
});

testBroken(fixture, {
  when: "the answer itself has lost its CORS headers",
  check: "app_origin",
  says: /the answer lacks the CORS headers/,
  broken: {
    changeReply: (headers, request) => {
      if (!isPreflight(request)) headers.delete("access-control-allow-credentials");
    },
  },
  options: { appOrigin: APP_ON_ANOTHER_PORT },
});

testBroken(fixture, {
  when: "a proxy lets every origin in",
  check: "other_origin",
  says: /preflight lets any site/,
  broken: {
    changeReply: (headers, request) => {
      const origin = request.headers.get("origin");
      if (origin !== null) headers.set("access-control-allow-origin", origin);
    },
  },
});

testBroken(fixture, {
  when: "every site may read the answers",
  check: "other_origin",
  says: /may read the answers/,
  broken: {
    changeReply: (headers, request) => {
      if (!isPreflight(request)) headers.set("access-control-allow-origin", "*");
    },
  },
});

testBroken(fixture, {
  when: "a proxy takes Origin and Sec-Fetch-Site away",
  check: "other_origin",
  says: /not refused/,
  broken: {
    changeRequest: (headers) => {
      headers.delete("origin");
      headers.delete("sec-fetch-site");
    },
  },
});
