import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import * as z from "zod";
import type { CallSqlFunction } from "../../../supabase/functions/_shared/store/sql_functions.ts";
import { createDataApiFunctions } from "../../../supabase/functions/_shared/store/sql_functions_data_api.ts";
import { POLICY_ARGUMENT } from "../../behaviour/sql/sql_sessions.ts";

const ALONE = "/rest/v1/rpc/validate_session";
const SHARED = "/rest/v1/rpc/unified_auth_validate_sessions";

const alone = z.object({ p_session_id: z.string() });
const shared = z.object({
  p_validations: z.array(z.object({ number: z.number(), session_id: z.string() })),
});

type Answers = (request: Request, body: unknown) => Response | Promise<Response>;

/** Answers each call the id that it asks for, those that came together in reverse. */
const echo: Answers = (request, body) =>
  new URL(request.url).pathname === ALONE
    ? Response.json({ outcome: alone.parse(body).p_session_id })
    : Response.json(
      shared.parse(body).p_validations.toReversed().map(({ number, session_id }) => ({
        number,
        answer: { outcome: session_id },
      })),
    );

/** A data API that a test answers for, and the store before it. */
function openDataApi() {
  let answers = echo;
  let paths: string[] = [];
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      paths.push(new URL(request.url).pathname);
      return await answers(request, await request.json());
    },
  );
  const call = createDataApiFunctions({
    supabaseUrl: `http://127.0.0.1:${server.addr.port}`,
    secretKey: "sb_secret_x",
    batchRequests: 1,
    timeoutMs: 5_000,
    fetch,
  });
  return {
    call,
    setAnswers: (next: Answers) => answers = next,
    takePaths() {
      const taken = paths;
      paths = [];
      return taken;
    },
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

function validate(call: CallSqlFunction, sessionId: string): Promise<unknown> {
  return call("validate_session", {
    p_session_id: sessionId,
    p_generation: 1,
    p_branch: 0,
    p_may_confirm: true,
    p_policy: POLICY_ARGUMENT,
    p_context: { ip: null, user_agent: null, request_id: null },
  });
}

const ids = Array.from({ length: 5 }, () => randomUUID());
const validateAll = (call: CallSqlFunction) =>
  Promise.allSettled(ids.map((id) => validate(call, id)));
const ANSWERED = ids.map((outcome) => ({ status: "fulfilled", value: { outcome } }));

Deno.test("a validate that comes alone is sent as one", async () => {
  await using dataApi = openDataApi();
  for (const id of ids) assert.deepEqual(await validate(dataApi.call, id), { outcome: id });
  assert.deepEqual(dataApi.takePaths(), ids.map(() => ALONE));
});

Deno.test("validates that come while every request is under way share the next, and each is given its own answer", async () => {
  await using dataApi = openDataApi();
  const [arrived, held] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  dataApi.setAnswers(async (request, body) => {
    arrived.resolve();
    await held.promise;
    return echo(request, body);
  });
  const first = validate(dataApi.call, "first");
  await arrived.promise;
  const others = validateAll(dataApi.call);
  held.resolve();
  assert.deepEqual(await first, { outcome: "first" });
  assert.deepEqual(await others, ANSWERED);
  assert.deepEqual(dataApi.takePaths(), [ALONE, SHARED]);
});

const json = (status: number, body: unknown) => () => Response.json(body, { status });
const failed = (status: number, code: string) => json(status, { code, message: "x" });
const breakOff = () =>
  new Response(new ReadableStream({ pull: (body) => body.error("broken off") }));
const page = (status: number) => () => new Response("<h1>?</h1>", { status });

/** Answers that no call can help, and the cause that is logged for each. */
const FAILURES: Readonly<Record<string, readonly [() => Response, string]>> = {
  "a gateway that answers for the data API": [page(502), "http_502"],
  "a limit on requests": [page(429), "http_429"],
  "a connection that ends": [breakOff, "network"],
  "an error page with status 200": [page(200), "unexpected_answer"],
  "a database that is away": [failed(503, "PGRST000"), "PGRST000"],
  "no free connection": [failed(504, "PGRST003"), "PGRST003"],
  "a key that is none": [json(401, { message: "Invalid API key" }), "http_401"],
  "a server that goes down": [failed(503, "57P01"), "57P01"],
  "a cancelled statement": [failed(500, "57014"), "57014"],
  "a table that somebody holds": [failed(500, "55P03"), "55P03"],
  "too many connections": [failed(503, "53300"), "53300"],
  "an answer of another shape": [json(200, { number: 1, answer: {} }), "unexpected_answer"],
  "answers without numbers": [json(200, ids.map(() => ({ answer: {} }))), "unexpected_answer"],
  "no answer for anybody": [json(200, []), "unexpected_answer"],
  "answers to other calls": [
    json(200, ids.map((_, index) => ({ number: -index, answer: {} }))),
    "unexpected_answer",
  ],
};

Deno.test("a failure that no call can help is the failure of all that share the request, and none is made again", async (test) => {
  for (const [what, [answer, code]] of Object.entries(FAILURES)) {
    await test.step(what, async () => {
      await using dataApi = openDataApi();
      dataApi.setAnswers(answer);
      const outcomes = await validateAll(dataApi.call);
      for (const outcome of outcomes) {
        assert.ok(outcome.status === "rejected");
        assert.equal(outcome.reason.code, code);
      }
      assert.deepEqual(dataApi.takePaths(), [SHARED]);
    });
  }
});

/** Answers that may be due to one call, or to the sharing. */
const REFUSALS: Readonly<Record<string, () => Response>> = {
  "an error inside PostgreSQL": failed(500, "XX000"),
  "a value that PostgreSQL does not take": failed(400, "22P02"),
  "a transaction that was rolled back for another": failed(500, "40001"),
  "a function that may not be executed": failed(403, "42501"),
  "a function that the database does not have yet": failed(404, "PGRST202"),
  "a path that a gateway does not know": page(404),
  "a body that is too large": page(413),
};

Deno.test("where the shared request is refused, each call is retried individually", async (test) => {
  for (const [what, refusal] of Object.entries(REFUSALS)) {
    await test.step(what, async () => {
      await using dataApi = openDataApi();
      dataApi.setAnswers((request, body) =>
        new URL(request.url).pathname === SHARED ? refusal() : echo(request, body)
      );
      assert.deepEqual(await validateAll(dataApi.call), ANSWERED);
      assert.deepEqual(dataApi.takePaths(), [SHARED, ...ids.map(() => ALONE)]);
    });
  }
});

Deno.test("a database without the shared function is not asked for it again at the next validates", async () => {
  await using dataApi = openDataApi();
  dataApi.setAnswers((request, body) =>
    new URL(request.url).pathname === SHARED ? failed(404, "PGRST202")() : echo(request, body)
  );
  await validateAll(dataApi.call);
  dataApi.takePaths();
  assert.deepEqual(await validateAll(dataApi.call), ANSWERED);
  assert.deepEqual(dataApi.takePaths(), ids.map(() => ALONE));
});
