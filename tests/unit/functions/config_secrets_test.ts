import assert from "node:assert/strict";
import { assertProblem, problemsOf, read, type Variables } from "./config_fixture.ts";

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
