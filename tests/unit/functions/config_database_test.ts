import assert from "node:assert/strict";
import fc from "fast-check";
import { parseDatabaseUrl } from "../../../supabase/functions/_shared/store/database_address.ts";
import { problemsOf, read } from "./config_fixture.ts";

Deno.test("a database URL counts only where the store is postgres, and is needed there", () => {
  assert.deepEqual(read({ SUPABASE_DB_URL: "nonsense" }).databaseRoute, { kind: "data-api" });
  assert.deepEqual(problemsOf({ SESSION_STORE: "postgres" }), ["SUPABASE_DB_URL is missing"]);
});

Deno.test("the data API is still chosen by its older name, rpc", () => {
  assert.deepEqual(read({ SESSION_STORE: "rpc" }).databaseRoute, { kind: "data-api" });
  assert.deepEqual(problemsOf({ SESSION_STORE: "rpc" }), []);
});

Deno.test("a database URL that cannot be used is a problem that does not tell its password", () => {
  for (
    const url of [
      "https://postgres:hunter2@db.example.com/postgres",
      "postgresql://db.example.com/postgres",
      "postgresql://postgres:hunter2@db.example.com",
      "postgresql://postgres:hunter2@/postgres",
      "postgresql://postgres:hunter2%@db.example.com/postgres",
      "postgresql://postgres:hunter2@db.example.com:port/postgres",
      "postgresql://postgres:hunter2@db.example.com/postgres?sslmode=maybe",
    ]
  ) {
    const [problem = "", ...others] = problemsOf({
      SESSION_STORE: "postgres",
      SUPABASE_DB_URL: url,
    });
    assert.match(problem, /^SUPABASE_DB_URL must be postgresql:\/\/user:password@host/, url);
    assert.doesNotMatch(problem, /hunter2/);
    assert.deepEqual(others, []);
  }
});

Deno.test("each part of a database URL is decoded, and the port has PostgreSQL's default", () => {
  assert.deepEqual(
    parseDatabaseUrl("postgres://post%40gres:p%2Fw%23%3A@db.example.com/my%20db?x=1"),
    {
      host: "db.example.com",
      port: 5432,
      user: "post@gres",
      password: "p/w#:",
      database: "my db",
      tls: "unverified",
    },
  );
  assert.equal(parseDatabaseUrl("postgresql://u:p@[2001:db8::1]:6543/d")?.host, "2001:db8::1");
});

Deno.test("TLS is off only where sslmode says so, or without one on the same machine or network", () => {
  const tls = (host: string, mode?: string) =>
    parseDatabaseUrl(`postgresql://u:p@${host}/d${mode === undefined ? "" : `?sslmode=${mode}`}`)
      ?.tls;
  for (const host of ["127.0.0.1", "[::1]", "localhost", "db", "supabase_db_app"]) {
    assert.deepEqual(
      [tls(host), tls(host, "prefer"), tls(host, "require")],
      ["off", "off", "unverified"],
    );
  }
  for (const host of ["db.abc.supabase.co", "10.0.0.5", "[2001:db8::1]", "127.0.0.1.example.com"]) {
    assert.deepEqual(
      [tls(host), tls(host, "prefer"), tls(host, "disable")],
      ["unverified", "unverified", "off"],
    );
    assert.deepEqual([tls(host, "verify-ca"), tls(host, "verify-full")], ["verified", "verified"]);
  }
});

Deno.test("whatever the text is, the answer is an address or null", () => {
  fc.assert(fc.property(fc.oneof(fc.string(), fc.webUrl()), (text) => {
    for (const url of [text, `postgresql://${text}`]) {
      const address = parseDatabaseUrl(url);
      assert.ok(address === null || address.host !== "");
    }
  }));
});
