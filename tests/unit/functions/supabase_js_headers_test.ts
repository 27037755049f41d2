import assert from "node:assert/strict";
import { createClient, FunctionRegion } from "@supabase/supabase-js";
import { preflightHeaders } from "../../../supabase/functions/_shared/http/origins.ts";

const APP = "https://app.example.com";

/** A page may send these to any origin without a preflight (Fetch standard, CORS-safelisted headers). */
const SAFELISTED = ["accept", "accept-language", "content-language", "range"];

/** Where `@supabase/supabase-js/tracing` registers OpenTelemetry's context. */
const TRACE_CONTEXT = Symbol.for("@supabase/supabase-js.traceContextExtractor");

/** The names of all headers that supabase-js sends to the functions, with every option that adds one. */
async function listSentHeaders(): Promise<ReadonlySet<string>> {
  const sent = new Set<string>();
  Object.assign(globalThis, {
    [TRACE_CONTEXT]: () => ({
      traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
      tracestate: "vendor=1",
      baggage: "tenant=1",
    }),
  });
  const client = createClient("https://abc.supabase.co", "sb_publishable_x", {
    auth: { persistSession: false, autoRefreshToken: false },
    tracePropagation: true,
    global: {
      fetch(input, init) {
        for (const name of new Request(input, init).headers.keys()) sent.add(name);
        return Promise.resolve(Response.json({}));
      },
    },
  });
  try {
    await client.functions.invoke("unified-auth/validate", { body: {} });
    await client.functions.invoke("unified-auth/sessions", { method: "GET" });
    await client.functions.invoke("unified-auth/validate", {
      body: {},
      region: FunctionRegion.EuWest1,
    });
    await client.auth.getUser("a.b.c");
  } finally {
    Reflect.deleteProperty(globalThis, TRACE_CONTEXT);
  }
  return sent;
}

Deno.test("CORS allows every header that supabase-js sends", async () => {
  const allowed = preflightHeaders(APP, [APP])["Access-Control-Allow-Headers"]?.split(", ") ?? [];
  const sent = await listSentHeaders();
  assert.ok(
    ["x-region", "x-supabase-api-version", "traceparent", "tracestate", "baggage"]
      .every((name) => sent.has(name)),
    `the test sees ${[...sent].join(", ")} only`,
  );
  for (const name of sent) {
    assert.ok(allowed.includes(name) || SAFELISTED.includes(name), `${name} is not allowed`);
  }
});
