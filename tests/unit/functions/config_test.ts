import assert from "node:assert/strict";
import fc from "fast-check";
import { readConfig } from "../../../supabase/functions/_shared/config/config.ts";
import { parseSigningKeys } from "../../../supabase/functions/_shared/tokens/signing_keys.ts";
import { anyText } from "./arbitraries.ts";
import {
  assertProblem,
  KEYS,
  problemsOf,
  read,
  REQUIRED,
  type Variables,
} from "./config_fixture.ts";

Deno.test("a setting that is not set has the documented default", () => {
  assert.deepEqual(read(), {
    supabaseUrl: "https://abc.supabase.co",
    secretKey: "sb_secret_one",
    publishableKey: "sb_publishable_one",
    databaseRoute: { kind: "data-api" },
    sessionSecrets: [KEYS.SESSION_SECRET],
    keyContext: "https://abc.supabase.co",
    signingKeys: parseSigningKeys(KEYS.SESSION_SIGNING_KEYS),
    publicUrl: "https://abc.supabase.co/functions/v1/unified-auth",
    allowedOrigins: [],
    accessTtlSeconds: 3600,
    refreshTtlSeconds: 2_592_000,
    absoluteTtlSeconds: 0,
    graceSeconds: 43_200,
    reuseIntervalSeconds: 60,
    maxSessionsPerUser: 5,
    cookieDomain: null,
    cookieSameSite: "lax",
    cookieSecure: true,
    cookieSuffix: "",
    binding: { kind: "on" },
    rebindAfterSeconds: 86_400,
    accessTokenHook: null,
    allowedRoles: ["authenticated"],
    exposeAccessToken: false,
    clientIpHeader: "cf-connecting-ip",
    loginKey: "secret",
  });
});

Deno.test("a blank variable is one that is not set", () => {
  const optional = [
    ...["SESSION_ALLOWED_ORIGINS", "SESSION_ACCESS_TTL_SECONDS", "SESSION_COOKIE_DOMAIN"],
    ...["SESSION_KEY_CONTEXT", "SESSION_COOKIE_SUFFIX"],
    ...["SESSION_COOKIE_SAMESITE", "SESSION_EXPOSE_ACCESS_TOKEN"],
    ...["SESSION_BINDING", "SESSION_REBIND_AFTER_SECONDS"],
  ];
  for (const blank of ["", "  ", "\n"]) {
    assert.deepEqual(read(Object.fromEntries(optional.map((name) => [name, blank]))), read());
  }
});

Deno.test("every setting is read", () => {
  const config = read({
    SUPABASE_URL: "http://127.0.0.1:54321/",
    SESSION_STORE: "postgres",
    SUPABASE_DB_URL: "postgresql://postgres:postgres@127.0.0.1:54322/postgres",
    SESSION_SECRET: `${"n".repeat(32)}, ${"o".repeat(40)}\n${"p".repeat(32)}`,
    SESSION_KEY_CONTEXT: "https://old.supabase.co",
    SESSION_PUBLIC_URL: "https://api.example.com/functions/v1/unified-auth/",
    SESSION_ALLOWED_ORIGINS: "https://App.example.com/, http://localhost:3000",
    SESSION_ACCESS_TTL_SECONDS: "900",
    SESSION_REFRESH_TTL_SECONDS: "604800",
    SESSION_ABSOLUTE_TTL_SECONDS: "43200",
    SESSION_GRACE_SECONDS: "0",
    SESSION_WINDOW_SECONDS: "30",
    SESSION_MAX_PER_USER: "1",
    SESSION_COOKIE_DOMAIN: "Example.com",
    SESSION_COOKIE_SAMESITE: "none",
    SESSION_COOKIE_SUFFIX: "shop",
    SESSION_BINDING: "off",
    SESSION_REBIND_AFTER_SECONDS: "never",
    SESSION_EXPOSE_ACCESS_TOKEN: "true",
    SESSION_CLIENT_IP_HEADER: "X-Real-IP",
    SESSION_LOGIN_KEY: "publishable",
  });
  assert.deepEqual(config, {
    ...read(),
    supabaseUrl: "http://127.0.0.1:54321",
    databaseRoute: {
      kind: "postgres",
      address: {
        host: "127.0.0.1",
        port: 54322,
        user: "postgres",
        password: "postgres",
        database: "postgres",
        tls: "off",
      },
    },
    sessionSecrets: ["n".repeat(32), "o".repeat(40), "p".repeat(32)],
    keyContext: "https://old.supabase.co",
    publicUrl: "https://api.example.com/functions/v1/unified-auth",
    allowedOrigins: ["https://app.example.com", "http://localhost:3000"],
    accessTtlSeconds: 900,
    refreshTtlSeconds: 604_800,
    absoluteTtlSeconds: 43_200,
    graceSeconds: 0,
    reuseIntervalSeconds: 30,
    maxSessionsPerUser: 1,
    cookieDomain: "example.com",
    cookieSameSite: "none",
    cookieSuffix: "_shop",
    binding: { kind: "off", reason: "setting" },
    rebindAfterSeconds: null,
    exposeAccessToken: true,
    clientIpHeader: "x-real-ip",
    loginKey: "publishable",
  });
});

Deno.test("cookies go without a prefix and without Secure on plain HTTP of this machine, and nowhere else", () => {
  const problems = (SUPABASE_URL: string, more: Variables = {}) =>
    problemsOf({ SUPABASE_URL, SESSION_COOKIE_PREFIX: "", ...more });
  for (const host of ["127.0.0.1:54321", "127.8.0.1", "localhost:54321", "a.localhost", "[::1]"]) {
    assert.deepEqual(problems(`http://${host}`), [], host);
    assert.equal(problems(`https://${host}`).length, 1, host);
    const read = readConfig((name) =>
      ({
        ...REQUIRED,
        SUPABASE_URL: `http://${host}`,
        SESSION_COOKIE_PREFIX: " ",
      } as Variables)[name]
    );
    assert.equal(read.cookieSecure, false);
  }
  const notLocal = [
    ...["abc.supabase.co", "192.168.0.7", "kong:8000", "localhost.example.com", "127.0.0.1.nip.io"],
    ...["0.0.0.0", "[::]", "128.0.0.1", "notlocalhost"],
  ];
  for (const host of notLocal) {
    for (const scheme of ["http", "https"]) {
      const [problem, ...others] = problems(`${scheme}://${host}`);
      assert.match(problem ?? "", /^SESSION_COOKIE_PREFIX may be empty only/, host);
      assert.deepEqual(others, []);
    }
  }
  for (
    const more of [{ SESSION_COOKIE_DOMAIN: "example.com" }, { SESSION_COOKIE_SAMESITE: "none" }]
  ) {
    assert.match(problems("http://127.0.0.1", more).join(), /cannot be empty beside/);
  }
  assertProblem("SESSION_COOKIE_PREFIX", "__Host-", /must be empty or not set: "__Host-"$/);
});

Deno.test("a cookie's suffix is part of a cookie's name, and nothing else", () => {
  for (const suffix of ["a b", "a;b", "a=b", "ä", "x".repeat(33), "../x"]) {
    assertProblem("SESSION_COOKIE_SUFFIX", suffix, /must be 1 to 32 letters/);
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

Deno.test("an entry that is not an exact origin is refused", () => {
  const entries = ["*", "https://*.example.com", "https://example.com/app", "example.com", "null"];
  for (const entry of entries) {
    assertProblem(
      "SESSION_ALLOWED_ORIGINS",
      `https://ok.example,${entry}`,
      /must list exact origins/,
    );
  }
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
  assertProblem("SESSION_STORE", "sqlite", /must be data-api or postgres: "sqlite"$/);
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
    ...["SESSION_COOKIE_SAMESITE", "SESSION_CLIENT_IP_HEADER"],
    ...["SESSION_BINDING", "SESSION_REBIND_AFTER_SECONDS"],
  ];
  fc.assert(
    fc.property(fc.constantFrom(...names), fc.oneof(anyText(80), fc.json()), (name, value) => {
      assert.ok(Array.isArray(problemsOf({ [name]: value })));
    }),
  );
});
