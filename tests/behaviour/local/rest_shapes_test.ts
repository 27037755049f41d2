import assert from "node:assert/strict";
import { openRestFixture } from "./rest_fixture.ts";

const fixture = await openRestFixture();
const { service, call } = fixture;
Deno.test.afterAll(() => fixture.close());

Deno.test("a single value is the body itself", async () => {
  const { data, status } = await service.rpc("add", { p_a: 1, p_b: 2 });
  assert.deepEqual({ data, status }, { data: 3, status: 200 });
});

Deno.test("a parameter with a default may be left out", async () => {
  assert.equal((await service.rpc("add", { p_a: 1 })).data, 11);
});

Deno.test("each argument is converted to the type of its parameter", async () => {
  const { data } = await service.rpc("echo_types", {
    p_id: "00000000-0000-4000-8000-00000000ada1",
    p_at: new Date(0),
    p_bytes: "\\x01ff",
    p_json: null,
  });
  assert.deepEqual(data, {
    id: "00000000-0000-4000-8000-00000000ada1",
    at: "1970-01-01T00:00:00+00:00",
    bytes: "\\x01ff",
    json_is_null: true,
  });
});

Deno.test("void is 204 without a body", async () => {
  const { data, status, error } = await service.rpc("nothing");
  assert.deepEqual({ data, status, error }, { data: null, status: 204, error: null });
});

Deno.test("a null value is the JSON null", async () => {
  const response = await call("null_text");
  assert.deepEqual([response.status, await response.text()], [200, "null"]);
});

Deno.test("a row is an object, and a null row an object of nulls", async () => {
  assert.deepEqual((await service.rpc("one_pair")).data, { left_value: 1, right_value: "one" });
  assert.deepEqual((await service.rpc("null_pair")).data, { left_value: null, right_value: null });
});

Deno.test("out parameters are an object, even a single one", async () => {
  assert.deepEqual((await service.rpc("two_out")).data, { a: 1, b: null });
  assert.deepEqual((await service.rpc("one_out")).data, { a: 1 });
});

Deno.test("a set is an array, empty when nothing is in it", async () => {
  assert.deepEqual((await service.rpc("numbers", { p_count: 3 })).data, [1, 2, 3]);
  assert.deepEqual((await service.rpc("numbers", { p_count: 0 })).data, []);
  assert.deepEqual((await service.rpc("rows", { p_count: 1 })).data, [{ n: 1, raw: "\\x01ff" }]);
});

Deno.test("no more than a thousand rows come back", async () => {
  assert.equal((await service.rpc("numbers", { p_count: 1500 })).data.length, 1000);
});

Deno.test("the headers describe the body", async () => {
  const rows = await call("rows", { body: '{"p_count":2}' });
  await rows.body?.cancel();
  assert.equal(rows.headers.get("content-type"), "application/json; charset=utf-8");
  assert.equal(rows.headers.get("content-range"), "0-1/*");
  const none = await call("rows", { body: '{"p_count":0}' });
  await none.body?.cancel();
  assert.equal(none.headers.get("content-range"), "*/*");
});

Deno.test("one unnamed json parameter takes the whole body", async () => {
  const response = await call("whole_body", { body: "[1,2]" });
  assert.deepEqual(await response.json(), [1, 2]);
});

Deno.test("a variadic parameter takes an array", async () => {
  assert.equal((await service.rpc("sum_all", { p_numbers: [1, 2, 3] })).data, 6);
});

Deno.test("get reads its arguments from the query, and head answers no body", async () => {
  assert.equal((await service.rpc("add", { p_a: 4 }, { get: true })).data, 14);
  const head = await service.rpc("add", { p_a: 4 }, { head: true });
  assert.deepEqual([head.status, head.data], [200, null]);
});

Deno.test("single() unwraps one row and refuses any other number", async () => {
  assert.deepEqual((await service.rpc("rows", { p_count: 1 }).single()).data, {
    n: 1,
    raw: "\\x01ff",
  });
  const { error, status } = await service.rpc("rows", { p_count: 2 }).single();
  assert.deepEqual([status, error?.code, error?.message, error?.details], [
    406,
    "PGRST116",
    "Cannot coerce the result to a single JSON object",
    "The result contains 2 rows",
  ]);
});

Deno.test("a function chooses its own status and headers", async () => {
  const response = await call("answer_teapot");
  await response.body?.cancel();
  assert.equal(response.status, 418);
  assert.equal(response.headers.get("x-tea"), "green, black");
});

Deno.test("a status that is none is an error of the function", async () => {
  const { error, status } = await service.rpc("answer_nonsense");
  assert.deepEqual([status, error?.code], [500, "PGRST112"]);
});
