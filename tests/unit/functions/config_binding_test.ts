import assert from "node:assert/strict";
import { judgeBinding } from "../../../supabase/functions/_shared/config/binding.ts";
import { assertProblem, read } from "./config_fixture.ts";

const HOST_ONLY = { domain: null, sameSite: "lax", partitioned: false } as const;

Deno.test("sessions are bound with no origin, and with one", () => {
  assert.deepEqual(read().binding, { kind: "on" });
  for (const origin of ["https://app.example.com", "http://localhost:5173"]) {
    assert.deepEqual(read({ SESSION_ALLOWED_ORIGINS: origin }).binding, { kind: "on" });
  }
});

Deno.test("several origins have several key stores before one cookie jar: not bound", () => {
  const off = { kind: "off", reason: "several_origins" };
  for (
    const origins of [
      "https://app.example.com https://admin.example.com",
      "https://app.example.com https://app.example.com:8443", // a port makes another origin
      "https://app.example.com http://app.example.com", // and so does a scheme
    ]
  ) {
    assert.deepEqual(read({ SESSION_ALLOWED_ORIGINS: origins }).binding, off, origins);
  }
  const twice = "https://app.example.com https://APP.example.com:443/";
  assert.deepEqual(read({ SESSION_ALLOWED_ORIGINS: twice }).binding, { kind: "on" });
});

Deno.test("origins of developers' machines do not switch binding off in production", () => {
  const loopback = [
    ...["http://localhost:5173", "https://localhost", "http://app.localhost:3000"],
    ...["http://127.0.0.1:3000", "http://127.9.9.9", "http://[::1]:3000"],
  ];
  const origins = [...loopback, "https://app.example.com"].join(" ");
  assert.deepEqual(read({ SESSION_ALLOWED_ORIGINS: origins }).binding, { kind: "on" });
  for (
    const name of [
      "http://localhost.example.com",
      "http://127.0.0.1.example.com",
      "http://10.0.0.1",
    ]
  ) {
    const beside = `${name} https://app.example.com`;
    assert.equal(read({ SESSION_ALLOWED_ORIGINS: beside }).binding.kind, "off", name);
  }
});

Deno.test("a cookie that subdomains share, or that other sites embed unpartitioned, is not bound", () => {
  assert.deepEqual(read({ SESSION_COOKIE_DOMAIN: "example.com" }).binding, {
    kind: "off",
    reason: "cookie_domain",
  });
  const embedded = { ...HOST_ONLY, sameSite: "none" } as const;
  assert.deepEqual(judgeBinding([], embedded), { kind: "off", reason: "unpartitioned_cookie" });
  assert.deepEqual(judgeBinding([], { ...embedded, partitioned: true }), { kind: "on" });
  assert.deepEqual(
    read({ SESSION_COOKIE_SAMESITE: "none" }).binding,
    { kind: "on" },
    "partitioned",
  );
});

Deno.test("binding can be switched off, and not on where it would sign people out", () => {
  assert.deepEqual(read({ SESSION_BINDING: "off" }).binding, { kind: "off", reason: "setting" });
  assertProblem("SESSION_BINDING", "on", /must be auto or off: "on"$/);
});

Deno.test("another key may take a session over after a day, always, after a time, or never", () => {
  const rebindAfter = (value?: string) =>
    read({ SESSION_REBIND_AFTER_SECONDS: value }).rebindAfterSeconds;
  assert.equal(rebindAfter(), 86_400);
  assert.equal(rebindAfter("0"), 0);
  assert.equal(rebindAfter("3600"), 3600);
  assert.equal(rebindAfter("never"), null);
  for (const value of ["-1", "1.5", "soon", "99999999999"]) {
    assertProblem("SESSION_REBIND_AFTER_SECONDS", value, /must be a whole number/);
  }
});
