import assert from "node:assert/strict";
import fc from "fast-check";
import { generateKeys } from "../../local/keys.ts";
import { type Config, ConfigError, readConfig } from "../../supabase/functions/_shared/config.ts";
import { anyText } from "./arbitraries.ts";

type Variables = Readonly<Record<string, string | undefined>>;

const KEYS = await generateKeys();

const REQUIRED: Variables = {
  ...KEYS,
  SUPABASE_URL: "https://abc.supabase.co",
  SUPABASE_SECRET_KEYS: '{"default":"sb_secret_one"}',
  SUPABASE_PUBLISHABLE_KEYS: '{"default":"sb_publishable_one"}',
};

function read(change: Variables = {}): Config {
  const variables = { ...REQUIRED, ...change };
  return readConfig((name) => variables[name]);
}

function problemsOf(change: Variables): readonly string[] {
  try {
    read(change);
  } catch (error: unknown) {
    assert.ok(error instanceof ConfigError);
    return error.problems;
  }
  return [];
}

/** Asserts that one problem is found, of this variable, and what is said of it. */
function assertProblem(name: string, value: string | undefined, expected: RegExp): void {
  const problems = problemsOf({ [name]: value });
  assert.equal(problems.length, 1, `${name}=${value}: ${problems.join()}`);
  assert.match(`${problems[0]}`, new RegExp(`^${name}`));
  assert.match(`${problems[0]}`, expected);
}

Deno.test("what is not set has the documented default", () => {
  assert.deepEqual(read(), {
    supabaseUrl: "https://abc.supabase.co",
    secretKey: "sb_secret_one",
    publishableKey: "sb_publishable_one",
    sessionSecrets: [KEYS.SESSION_SECRET],
    signingKeysJson: KEYS.SESSION_SIGNING_KEYS,
    allowedOrigins: [],
    accessTtlSeconds: 3600,
    refreshTtlSeconds: 2_592_000,
    absoluteTtlSeconds: 0,
    graceSeconds: 43_200,
    windowSeconds: 60,
    maxSessionsPerUser: 5,
    cookieDomain: null,
    cookieSameSite: "lax",
    exposeAccessToken: false,
    clientIpHeader: "cf-connecting-ip",
    loginKey: "secret",
    logLevel: "info",
  });
});

Deno.test("a blank variable is one that is not set", () => {
  const optional = [
    ...["SESSION_ALLOWED_ORIGINS", "SESSION_ACCESS_TTL_SECONDS", "SESSION_COOKIE_DOMAIN"],
    ...["SESSION_COOKIE_SAMESITE", "SESSION_EXPOSE_ACCESS_TOKEN", "SESSION_LOG_LEVEL"],
  ];
  for (const blank of ["", "  ", "\n"]) {
    assert.deepEqual(read(Object.fromEntries(optional.map((name) => [name, blank]))), read());
  }
});

Deno.test("every setting is read", () => {
  const config = read({
    SUPABASE_URL: "http://127.0.0.1:54321/",
    SESSION_SECRET: `${"n".repeat(32)}, ${"o".repeat(40)}\n${"p".repeat(32)}`,
    SESSION_ALLOWED_ORIGINS: "https://App.example.com/, http://localhost:3000",
    SESSION_ACCESS_TTL_SECONDS: "900",
    SESSION_REFRESH_TTL_SECONDS: "604800",
    SESSION_ABSOLUTE_TTL_SECONDS: "43200",
    SESSION_GRACE_SECONDS: "0",
    SESSION_WINDOW_SECONDS: "30",
    SESSION_MAX_PER_USER: "1",
    SESSION_COOKIE_DOMAIN: "Example.com",
    SESSION_COOKIE_SAMESITE: "none",
    SESSION_EXPOSE_ACCESS_TOKEN: "true",
    SESSION_CLIENT_IP_HEADER: "X-Real-IP",
    SESSION_LOGIN_KEY: "publishable",
    SESSION_LOG_LEVEL: "debug",
  });
  assert.deepEqual(config, {
    ...read(),
    supabaseUrl: "http://127.0.0.1:54321",
    sessionSecrets: ["n".repeat(32), "o".repeat(40), "p".repeat(32)],
    allowedOrigins: ["https://app.example.com", "http://localhost:3000"],
    accessTtlSeconds: 900,
    refreshTtlSeconds: 604_800,
    absoluteTtlSeconds: 43_200,
    graceSeconds: 0,
    windowSeconds: 30,
    maxSessionsPerUser: 1,
    cookieDomain: "example.com",
    cookieSameSite: "none",
    exposeAccessToken: true,
    clientIpHeader: "x-real-ip",
    loginKey: "publishable",
    logLevel: "debug",
  });
});

Deno.test("dictionaries of keys win over legacy keys; of a dictionary, default wins over the first", () => {
  const legacy = { SUPABASE_SERVICE_ROLE_KEY: "legacy_role", SUPABASE_ANON_KEY: "legacy_anon" };
  assert.equal(read(legacy).secretKey, "sb_secret_one");
  assert.equal(read(legacy).publishableKey, "sb_publishable_one");
  const keyOf = (SUPABASE_SECRET_KEYS: string | undefined) =>
    read({ ...legacy, SUPABASE_SECRET_KEYS }).secretKey;
  assert.equal(keyOf('{"web":"sb_secret_two","default":"sb_secret_one"}'), "sb_secret_one");
  assert.equal(keyOf('{"web":"sb_secret_two","api":"sb_secret_one"}'), "sb_secret_two");
  assert.equal(keyOf("{}"), "legacy_role");
  assert.equal(keyOf(undefined), "legacy_role");
  const withoutAny = { SUPABASE_SECRET_KEYS: undefined, SUPABASE_PUBLISHABLE_KEYS: undefined };
  assert.deepEqual(
    [
      read({ ...legacy, ...withoutAny }).secretKey,
      read({ ...legacy, ...withoutAny }).publishableKey,
    ],
    ["legacy_role", "legacy_anon"],
  );
});

Deno.test("a malformed dictionary of keys is a problem, even with a legacy key at hand", () => {
  for (
    const value of [
      "{",
      "[]",
      '["sb_secret_one"]',
      '"sb_secret_one"',
      "null",
      '{"default":1}',
      '{"default":""}',
    ]
  ) {
    const problems = problemsOf({
      SUPABASE_SECRET_KEYS: value,
      SUPABASE_SERVICE_ROLE_KEY: "legacy_role",
    });
    assert.deepEqual(problems, ["SUPABASE_SECRET_KEYS must be a JSON object of strings"]);
  }
});

Deno.test("every problem is named at once", () => {
  const message = (() => {
    try {
      readConfig((name) => name === "SESSION_WINDOW_SECONDS" ? "soon" : undefined);
    } catch (error: unknown) {
      return `${error}`;
    }
    return "no problem";
  })();
  assert.equal(
    message,
    `ConfigError: Cannot start with this environment:
- SUPABASE_URL is missing
- SUPABASE_SECRET_KEYS (or SUPABASE_SERVICE_ROLE_KEY) is missing
- SUPABASE_PUBLISHABLE_KEYS (or SUPABASE_ANON_KEY) is missing
- SESSION_SECRET is missing
- SESSION_SIGNING_KEYS is missing
- SESSION_WINDOW_SECONDS must be a whole number from 1 to 3600: "soon"`,
  );
});

Deno.test("no problem quotes a secret", () => {
  const secret = "c2VjcmV0LXRoYXQtbm9ib2R5LW1heS1zZWU";
  const half = secret.slice(0, 20);
  const changes: readonly Variables[] = [
    { SESSION_SECRET: half },
    { SESSION_SECRET: `${secret},${secret}` },
    { SESSION_SIGNING_KEYS: secret },
    { SESSION_SIGNING_KEYS: `{"kty":"oct","k":"${half}"}` },
    { SESSION_SIGNING_KEYS: `{"kty":"${secret}"}` },
    { SESSION_SIGNING_KEYS: `{"kty":"EC","d":"${secret}","kid":"${secret} ${secret}"}` },
    { SUPABASE_SECRET_KEYS: secret },
    { SUPABASE_SECRET_KEYS: `["${secret}"]` },
    { SUPABASE_PUBLISHABLE_KEYS: `{"default":"${secret}"` },
    { SUPABASE_URL: `https://user:${secret}@abc.supabase.co` },
  ];
  for (const change of changes) {
    const problems = problemsOf(change);
    assert.notEqual(problems.length, 0, JSON.stringify(change));
    assert.ok(!problems.join().includes(half.slice(0, 8)), problems.join());
  }
});

Deno.test("a secret of fewer than 32 bytes is refused, wherever in the list", () => {
  const good = "g".repeat(32);
  assertProblem("SESSION_SECRET", "s".repeat(31), /at least 32 bytes: secret 1 holds 31$/);
  assertProblem("SESSION_SECRET", `${good},short`, /secret 2 holds 5$/);
  assert.deepEqual(read({ SESSION_SECRET: "é".repeat(16) }).sessionSecrets, ["é".repeat(16)]);
  assertProblem("SESSION_SECRET", `${good} ${good}`, /twice$/);
  assertProblem("SESSION_SECRET", " , ", /is missing$/);
});

Deno.test("every problem of the signing keys is named", () => {
  const problems = problemsOf({ SESSION_SIGNING_KEYS: '[{"kty":"RSA"},{"kty":"oct","k":"AAAA"}]' });
  assert.deepEqual(problems, [
    "SESSION_SIGNING_KEYS cannot be used: key 1: kty: must be EC (for ES256) or oct (for HS256)",
    "SESSION_SIGNING_KEYS cannot be used: key 2: k: must hold at least 32 bytes",
  ]);
});

Deno.test("what is not an exact origin is refused", () => {
  const entries = ["*", "https://*.example.com", "https://example.com/app", "example.com", "null"];
  for (const entry of entries) {
    assertProblem(
      "SESSION_ALLOWED_ORIGINS",
      `https://ok.example,${entry}`,
      /must list exact origins/,
    );
  }
});

Deno.test("an integer is written in digits and lies within its bounds", () => {
  for (const value of ["-1", "1.5", "1e3", "0x10", "ten", "60s", "NaN", "9".repeat(20)]) {
    assertProblem("SESSION_GRACE_SECONDS", value, /must be a whole number from 0 to 604800/);
  }
  assertProblem("SESSION_WINDOW_SECONDS", "0", /from 1 to/); // two tabs would log each other out
  assertProblem("SESSION_ACCESS_TTL_SECONDS", "86401", /to 86400/);
  assertProblem("SESSION_REFRESH_TTL_SECONDS", "34560001", /to 34560000/); // 400 days
  assertProblem("SESSION_MAX_PER_USER", "0", /from 1 to 100/);
});

Deno.test("lifetimes that contradict each other are refused", () => {
  assert.deepEqual(problemsOf({ SESSION_WINDOW_SECONDS: "60", SESSION_ACCESS_TTL_SECONDS: "60" }), [
    "SESSION_WINDOW_SECONDS must be less than SESSION_ACCESS_TTL_SECONDS: 60 and 60",
  ]);
  assert.deepEqual(problemsOf({ SESSION_REFRESH_TTL_SECONDS: "3600" }), [
    "SESSION_ACCESS_TTL_SECONDS must be less than SESSION_REFRESH_TTL_SECONDS: 3600 and 3600",
  ]);
  assert.deepEqual(problemsOf({ SESSION_ABSOLUTE_TTL_SECONDS: "3599" }), [
    "SESSION_ABSOLUTE_TTL_SECONDS must be 0 or at least SESSION_ACCESS_TTL_SECONDS: 3599 and 3600",
  ]);
});

Deno.test("whatever lifetimes are accepted, window < access < refresh holds and cookies live at most 400 days", () => {
  const seconds = fc.oneof(
    fc.integer({ min: 0, max: 100 }),
    fc.integer({ min: 0, max: 40_000_000 }),
  );
  fc.assert(fc.property(fc.array(seconds, { minLength: 4, maxLength: 4 }), (values) => {
    const [window, access, refresh, grace] = values.map(String);
    const change = {
      SESSION_WINDOW_SECONDS: window,
      SESSION_ACCESS_TTL_SECONDS: access,
      SESSION_REFRESH_TTL_SECONDS: refresh,
      SESSION_GRACE_SECONDS: grace,
    };
    if (problemsOf(change).length > 0) return;
    const config = read(change);
    assert.ok(0 < config.windowSeconds && config.windowSeconds < config.accessTtlSeconds);
    assert.ok(config.accessTtlSeconds < config.refreshTtlSeconds);
    const longest = Math.max(
      config.refreshTtlSeconds,
      config.accessTtlSeconds + config.graceSeconds,
    );
    assert.ok(longest <= 400 * 24 * 3600);
  }));
});

Deno.test("a cookie domain is a host name and nothing else", () => {
  const refused = [
    ".example.com",
    "localhost",
    "127.0.0.1",
    "https://example.com",
    "example.com:443",
  ];
  for (const domain of [...refused, "example.com; Secure", "example..com", "-a.com", "[::1]"]) {
    assertProblem("SESSION_COOKIE_DOMAIN", domain, /must be a host name such as example.com/);
  }
});

Deno.test("a choice that is not offered is named together with the offer", () => {
  assertProblem("SESSION_COOKIE_SAMESITE", "Lax", /must be lax or strict or none: "Lax"$/);
  assertProblem("SESSION_EXPOSE_ACCESS_TOKEN", "yes", /must be true or false: "yes"$/);
  assertProblem("SESSION_LOGIN_KEY", "anon", /must be secret or publishable: "anon"$/);
  assertProblem("SESSION_LOG_LEVEL", "trace", /must be debug or info or warn or error: "trace"$/);
  assertProblem("SESSION_CLIENT_IP_HEADER", "x real ip", /must be the name of a header/);
});

Deno.test("the project's URL is an http or https URL", () => {
  for (
    const url of ["abc.supabase.co", "ftp://abc.supabase.co", "https://", "https://abc.co?x=1"]
  ) {
    assertProblem("SUPABASE_URL", url, /must be an http or https URL/);
  }
});

Deno.test("whatever the environment holds, the answer is a configuration or a ConfigError", () => {
  const names = [
    ...Object.keys(REQUIRED),
    ...["SESSION_ALLOWED_ORIGINS", "SESSION_ACCESS_TTL_SECONDS", "SESSION_COOKIE_DOMAIN"],
    ...["SESSION_COOKIE_SAMESITE", "SESSION_CLIENT_IP_HEADER", "SESSION_LOG_LEVEL"],
  ];
  fc.assert(
    fc.property(fc.constantFrom(...names), fc.oneof(anyText(80), fc.json()), (name, value) => {
      assert.ok(Array.isArray(problemsOf({ [name]: value })));
    }),
  );
});
