import assert from "node:assert/strict";
import { createDataApiFunctions } from "../../../supabase/functions/_shared/store/sql_functions_data_api.ts";
import { ServiceUnavailableError } from "../../../supabase/functions/_shared/service_unavailable.ts";

const json = (status: number, body: unknown) => () => Response.json(body, { status });
const html = (status: number) => () =>
  new Response("<html><h1>Bad gateway</h1></html>", { status });

/** The answers of a failing data API, and the cause that is logged for each. */
const FAULTS: readonly (readonly [string, () => Response, string])[] = [
  ["PostgreSQL's code", json(500, { code: "57014", message: "canceling", details: null }), "57014"],
  ["PostgREST's code", json(503, { code: "PGRST000", message: "no connection" }), "PGRST000"],
  ["a gateway's words", json(401, { message: "Invalid API key" }), "http_401"],
  ["an empty code", json(400, { code: "", message: "?" }), "http_400"],
  ["a code that is no text", json(500, { code: 500 }), "http_500"],
  ["null", json(502, null), "http_502"],
  ["nothing", () => new Response(null, { status: 504 }), "http_504"],
  ["an error page", html(502), "http_502"],
  ["an error page with status 200", html(200), "unexpected_answer"],
  ["nothing with status 200", () => new Response(null, { status: 200 }), "unexpected_answer"],
  ["JSON that breaks off", () => new Response('{"outcome": "act'), "unexpected_answer"],
];

const unavailable = (code: string) => (thrown: unknown) =>
  thrown instanceof ServiceUnavailableError && thrown.dependency === "session_store" &&
  thrown.code === code;

Deno.test("whatever the data API answers but a function's JSON is a failure with a code, and no outcome", async (test) => {
  let answer: () => Response | Promise<Response> = json(200, { outcome: "active" });
  let asked: readonly unknown[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const { method, url, headers } = request;
    const given = ["apikey", "authorization", "content-type", "content-profile"];
    asked = [method, new URL(url).pathname, ...given.map((name) => headers.get(name))];
    return answer();
  });
  const supabaseUrl = `http://127.0.0.1:${server.addr.port}`;
  const call = createDataApiFunctions({
    supabaseUrl,
    secretKey: "sb_secret_x",
    batchRequests: 1,
    timeoutMs: 300,
    fetch,
  });
  const ask = () => call("list_user_sessions", { p_acting: null, p_context: null });

  await test.step("a function's JSON is answered", async () => {
    assert.deepEqual(await ask(), { outcome: "active" });
    assert.deepEqual(asked, [
      "POST",
      "/rest/v1/rpc/list_user_sessions",
      "sb_secret_x",
      "Bearer sb_secret_x",
      "application/json",
      "public",
    ]);
  });
  await test.step("the answer of a function that returns void is null", async () => {
    answer = () => new Response(null, { status: 204 });
    assert.equal(await ask(), null);
  });
  for (const [what, fault, code] of FAULTS) {
    await test.step(what, async () => {
      answer = fault;
      await assert.rejects(ask(), unavailable(code));
    });
  }
  await test.step("silence", async () => {
    const silence = Promise.withResolvers<Response>();
    answer = () => silence.promise;
    await assert.rejects(ask(), unavailable("timeout"));
    silence.resolve(new Response());
  });
  await server.shutdown();
  await test.step("nobody there", async () => {
    await assert.rejects(ask(), unavailable("network"));
  });
});
