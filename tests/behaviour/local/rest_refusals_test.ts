import assert from "node:assert/strict";
import { openRestFixture } from "./rest_fixture.ts";

const fixture = await openRestFixture();
const { service, anonymous, call, stack } = fixture;
Deno.test.afterAll(() => fixture.close());

Deno.test("a function is found by its name and exactly its arguments", async () => {
  for (const args of [{}, { p_b: 1 }, { p_a: 1, p_c: 1 }]) {
    const { status, error } = await service.rpc("add", args);
    assert.deepEqual([status, error?.code], [404, "PGRST202"]);
    assert.equal(error?.hint, "Perhaps you meant to call the function public.add(p_a, p_b)");
  }
  const { error } = await service.rpc("add", { p_b: 1, p_c: 2 });
  assert.equal(
    error?.message,
    "Could not find the function public.add(p_b, p_c) in the schema cache",
  );
});

Deno.test("a function without parameters takes no arguments", async () => {
  const { status, error } = await service.rpc("nothing", { p_extra: 1 });
  assert.deepEqual([status, error?.code], [404, "PGRST202"]);
});

Deno.test("two functions that fit are one too many", async () => {
  const { status, error } = await service.rpc("either", { p_value: "1" });
  assert.deepEqual([status, error?.code], [300, "PGRST203"]);
});

Deno.test("an argument that cannot be converted is the caller's mistake", async () => {
  const { status, error } = await service.rpc("add", { p_a: "one" });
  assert.deepEqual([status, error?.code], [400, "22P02"]);
});

Deno.test("a body that is no JSON, or another type, is refused", async () => {
  for (const init of [{ body: "{" }, { body: "a=1", headers: { "content-type": "text/plain" } }]) {
    const response = await call("add", init);
    assert.deepEqual([response.status, (await response.json()).code], [400, "PGRST102"]);
  }
});

Deno.test("every error has four keys and names itself in a header", async () => {
  const response = await call("add", { body: '{"p_a":"x"}' });
  assert.equal(response.headers.get("proxy-status"), "PostgREST; error=22P02");
  assert.deepEqual(await response.json(), {
    code: "22P02",
    message: 'invalid input syntax for type integer: "x"',
    details: null,
    hint: null,
  });
});

const STATUS_OF = [
  ["P0001", 400],
  ["PT409", 409],
  ["PTXYZ", 500],
  ["23503", 409],
  ["23505", 409],
  ["23514", 400],
  ["25006", 405],
  ["28000", 403],
  ["40001", 500],
  ["42P01", 404],
  ["42P17", 500],
  ["42883", 404],
  ["53300", 503],
  ["53400", 500],
  ["54000", 500],
  ["55P03", 500],
  ["57014", 500],
  ["57P01", 503],
  ["08006", 503],
  ["XX000", 500],
  ["P0002", 500],
  ["22003", 400],
] as const;

for (const [code, expected] of STATUS_OF) {
  Deno.test(`SQLSTATE ${code} is HTTP ${expected}`, async () => {
    const { status, error } = await service.rpc("raise_error", {
      p_code: code,
      p_message: "raised by the function",
    });
    assert.equal(status, expected);
    assert.deepEqual([error?.code, error?.message, error?.details, error?.hint], [
      code,
      "raised by the function",
      "the detail",
      "the hint",
    ]);
  });
}

Deno.test("an update without a where is the caller's mistake, other cardinalities are not", async () => {
  const raise = async (message: string) =>
    (await service.rpc("raise_error", { p_code: "21000", p_message: message })).status;
  assert.equal(await raise("UPDATE requires a WHERE clause"), 400);
  assert.equal(await raise("more than one row returned by a subquery"), 500);
});

Deno.test("a function may write the whole answer", async () => {
  const response = await call("raise_answer");
  assert.equal(response.status, 429);
  assert.equal(response.headers.get("retry-after"), "7");
  assert.deepEqual(await response.json(), {
    code: "123",
    message: "custom",
    details: "d",
    hint: "h",
  });
});

Deno.test("a missing grant is 401 for an anonymous caller and 403 for a role", async () => {
  const { status, error } = await anonymous.rpc("private_to_service");
  assert.deepEqual([status, error?.code], [401, "42501"]);
  const ungranted = await service.rpc("read_ungranted");
  assert.deepEqual([ungranted.status, ungranted.error?.code], [403, "42501"]);
});

Deno.test("other methods, schemas and paths are refused", async () => {
  const put = await call("add", { method: "PUT", body: "{}" });
  assert.deepEqual([put.status, (await put.json()).code], [405, "PGRST101"]);
  const hidden = await service.schema("auth").rpc("uid");
  assert.deepEqual([hidden.status, hidden.error?.code], [406, "PGRST106"]);
  const nowhere = await fetch(`${stack.baseUrl}/rest/v1/rpc/a/b`, {
    headers: { apikey: stack.keys.secret },
  });
  assert.deepEqual([nowhere.status, (await nowhere.json()).code], [404, "PGRST125"]);
});
