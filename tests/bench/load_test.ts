import assert from "node:assert/strict";
import { openPauses } from "../../bench/load/pause.ts";
import type { LoadPlan, LoadResult, Visitor } from "../../bench/load/plan.ts";
import { runLoad } from "../../bench/load/run_load.ts";

const VISITORS: readonly Visitor[] = Array.from({ length: 40 }, (_, number) => ({
  cookies: { token: `${number}.0`, other: "kept" },
}));

/** Puts a load on a handler in this process. */
async function putLoad(
  handler: (request: Request) => Response | Promise<Response>,
  plan: Partial<LoadPlan>,
): Promise<LoadResult> {
  using pauses = openPauses();
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, handler);
  return await runLoad({
    targets: [`http://127.0.0.1:${server.addr.port}`],
    request: { method: "POST", path: "/path" },
    visitors: "",
    connections: 4,
    arrival: { kind: "closed" },
    warmUpSeconds: 0,
    seconds: 0.2,
    ...plan,
  }, { visitors: VISITORS, pause: pauses.pause });
}

const tokenOf = (request: Request) =>
  /token=([^;]*)/.exec(request.headers.get("cookie") ?? "")?.[1] ?? "";

Deno.test("every visitor sends its own cookies, and the rotating one as it was last set", async () => {
  const generations = new Map<string, number>();
  const result = await putLoad((request) => {
    const [visitor = "", generation = ""] = tokenOf(request).split(".");
    if (Number(generation) !== (generations.get(visitor) ?? 0)) {
      return new Response(`${visitor} came with ${generation}`, { status: 409 });
    }
    assert.match(request.headers.get("cookie") ?? "", /other=kept/);
    assert.equal(
      request.headers.get("content-length"),
      "0",
      "as a browser says of a POST without one",
    );
    generations.set(visitor, Number(generation) + 1);
    return new Response("{}", {
      headers: { "set-cookie": `token=${visitor}.${Number(generation) + 1}; Path=/; HttpOnly` },
    });
  }, { follow: ["token"], mustChange: "token" });
  assert.equal(result.firstWrong, undefined);
  assert.ok(result.answers > 0);
  assert.equal(generations.size, VISITORS.length);
});

Deno.test("an answer that changes nothing although it must counts as wrong", async () => {
  await assert.rejects(
    putLoad(() => new Response("{}"), { mustChange: "token" }),
    /token is as it was/,
  );
});

Deno.test("a visitor that a load consumes is sent once", async () => {
  const seen: string[] = [];
  const result = await putLoad((request) => {
    seen.push(tokenOf(request));
    return new Response("{}");
  }, { consumes: true, seconds: 30 });
  assert.equal(seen.length, VISITORS.length);
  assert.equal(new Set(seen).size, VISITORS.length);
  assert.ok(result.seconds < 30, "the load ends with its visitors");
});

Deno.test("a stall makes late what was due while it lasted, in an open load", async () => {
  const stallMs = 300;
  let requests = 0;
  const stallOnce = async () => {
    requests += 1;
    if (requests === 30) await new Promise((resolve) => setTimeout(resolve, stallMs));
    return new Response("{}");
  };
  const plan = { connections: 1, seconds: 1 };
  const open = await putLoad(stallOnce, { ...plan, arrival: { kind: "open", ratePerSecond: 200 } });
  requests = 0;
  const closed = await putLoad(stallOnce, plan);
  // Sixty requests were due within the stall: at a closed load they were not even sent.
  assert.ok(open.latencyMs.p90 > stallMs / 3, `open: ${JSON.stringify(open.latencyMs)}`);
  assert.ok(closed.latencyMs.p90 < stallMs / 3, `closed: ${JSON.stringify(closed.latencyMs)}`);
});

Deno.test("no request of an open load is sent before it is due, however far apart they are", async () => {
  const result = await putLoad(() => new Response("{}"), {
    connections: 1,
    arrival: { kind: "open", ratePerSecond: 1.25 },
    seconds: 1,
  });
  assert.equal(result.answers, 2, "one at once, one after 0.8 s");
  assert.ok(result.latencyMs.p50 > 0, JSON.stringify(result.latencyMs));
  assert.ok(result.sentLateMs.p50 >= 0, JSON.stringify(result.sentLateMs));
});

Deno.test("an answer in chunks, and one that ends its connection, are read to their end", async () => {
  let requests = 0;
  const result = await putLoad(() => {
    requests += 1;
    const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
      async start(controller) {
        for (let part = 0; part < 3; part += 1) {
          controller.enqueue(new TextEncoder().encode("a part "));
          await new Promise((resolve) => setTimeout(resolve, 0));
        }
        controller.close();
      },
    });
    return new Response(body, { headers: requests % 3 === 0 ? { connection: "close" } : {} });
  }, { connections: 2 });
  assert.equal(result.wrong, 0);
  assert.ok(result.answers > 3);
});
