import { SEED_USERS } from "../../../local/platform/seed_users.ts";
import { testBroken } from "./broken.ts";
import { openDoctorFixture } from "./fixture.ts";

const fixture = await openDoctorFixture();
Deno.test.afterAll(() => fixture.close());

/** The server at `https://app.example.com`, for the doctor alone. */
const asPublicHost: typeof fetch = (input, init) =>
  fetch(String(input).replace("https://app.example.com", fixture.baseUrl), init);

const MINUTE_MS = 60_000;

/** Changes the database's time in every answer. */
function skewServerTime(byMs: number) {
  return {
    changeBody: (text: string) =>
      text.replace(
        /"server_time":"([^"]+)"/,
        (_, time: string) => `"server_time":"${new Date(Date.parse(time) + byMs).toISOString()}"`,
      ),
  };
}

testBroken(fixture, {
  when: "the password is wrong",
  check: "sign_in",
  says: /refused: "invalid_credentials"/,
  broken: null,
  options: { account: { email: SEED_USERS.ada.email, password: "wrong" } },
});

testBroken(fixture, {
  when: "a proxy changes the body",
  check: "sign_in",
  says: /not with a session/,
  broken: { changeBody: (text) => text.replace('"valid":true', '"valid":"yes"') },
});

for (
  const code of ["mfa_required", "captcha_failed", "email_not_confirmed", "over_request_rate_limit"]
) {
  testBroken(fixture, {
    when: `the sign-in is answered ${code}`,
    check: "sign_in",
    says: new RegExp(`refused: "${code}"`),
    broken: {
      answer: ({ url }) => url.endsWith("/login") ? Response.json({ code }, { status: 403 }) : null,
    },
  });
}

testBroken(fixture, {
  when: "a firewall answers sign-ins",
  check: "sign_in",
  says: /^Something else answers here: status 403/,
  broken: {
    answer: ({ url }) => url.endsWith("/login") ? new Response("no", { status: 403 }) : null,
  },
});

testBroken(fixture, {
  when: "the database's clock is a minute ahead",
  check: "clock_skew",
  says: /database and of the server that answers are [56]\d s apart/,
  broken: skewServerTime(MINUTE_MS),
});

testBroken(fixture, {
  when: "the database's clock is a minute behind",
  check: "clock_skew",
  says: /are [56]\d s apart/,
  broken: skewServerTime(-MINUTE_MS),
});

testBroken(fixture, {
  when: "the clocks are 15 s apart",
  check: "clock_skew",
  result: "warning",
  says: /are 1\d s apart; from 30 s on/,
  broken: skewServerTime(15_000),
});

testBroken(fixture, {
  when: "the doctor's own machine is wrong",
  check: "clock_skew",
  result: "warning",
  says: /servers' clocks agree, and this machine's is \d+ s off/,
  broken: null,
  options: { nowMs: () => Date.now() - 10 * MINUTE_MS },
});

testBroken(fixture, {
  when: "no address reaches the functions",
  check: "client_address",
  result: "warning",
  says: /counted by account alone/,
  broken: { changeBody: (text) => text.replace(/"ip":"[^"]*"/g, '"ip":null') },
});

testBroken(fixture, {
  when: "the functions take the proxy's address for the client's",
  check: "client_address",
  result: "warning",
  says: /another address through the proxy than past it/,
  broken: { changeBody: (text) => text.replace(/"ip":"[^"]*"/g, '"ip":"203.0.113.50"') },
});

testBroken(fixture, {
  when: "every user has the address of a Cloudflare Worker",
  check: "client_address",
  says: /of a Cloudflare Worker/,
  broken: { changeBody: (text) => text.replace(/"ip":"[^"]*"/g, '"ip":"2a06:98c0:3600::103"') },
});

testBroken(fixture, {
  when: "the address is one of an inner network",
  check: "client_address",
  result: "warning",
  says: /probably the proxy's/,
  broken: null,
  options: { functionsUrl: "https://app.example.com/functions/v1", fetch: asPublicHost },
});

testBroken(fixture, {
  when: "the functions are served over plain HTTP",
  check: "cookie_attributes",
  says: /sent over plain HTTP/,
  broken: null,
  options: {
    functionsUrl: "http://app.example.com/functions/v1",
    fetch: (input, init) => asPublicHost(String(input).replace("http:", "https:"), init),
  },
});

function rest(status: number, body: unknown) {
  // The data API is behind the same proxy here; hosted, it has another address.
  return {
    options: { projectUrl: fixture.baseUrl },
    broken: {
      answer: ({ url }: Request) =>
        url.includes("/rest/v1/") ? Response.json(body, { status }) : null,
    },
  };
}

for (
  const [when, status, body, says] of [
    ["the data API does not know the key", 401, { code: "PGRST301" }, /does not know the key/],
    ["the data API's clock is behind", 401, { code: "PGRST303" }, /for their times/],
    ["the migrations are missing", 404, { code: "PGRST202" }, /does not know session_is_live/],
    ["the data API takes the user for a visitor", 401, { code: "42501" }, /for a visitor's/],
    ["the data API has another database", 200, false, /does not find its session/],
    ["the publishable key is another project's", 401, { message: "Invalid API key" }, /API key/],
  ] as const
) {
  testBroken(fixture, { when, check: "signing_key", says, ...rest(status, body) });
}

const lostOnce = { yet: false };

testBroken(fixture, {
  when: "the answer to a sign-in is lost, and the session of it is ended all the same",
  check: "sign_in",
  says: /^Something else answers here: status 502/,
  broken: {
    lose: ({ url }) => {
      if (!url.endsWith("/login") || lostOnce.yet) return false;
      lostOnce.yet = true;
      return true;
    },
  },
});

testBroken(fixture, {
  when: "signing out is not handed on",
  check: "sign_out",
  says: /could not end/,
  broken: {
    answer: ({ url }) => url.endsWith("/logout") ? new Response(null, { status: 502 }) : null,
  },
  left: 2, // that of sign_in, and that of session_binding
});
