import assert from "node:assert/strict";
import { createGateway, type GatewayOptions } from "../../../local/platform/gateway.ts";
import { startFunction } from "../../../local/platform/function_processes.ts";
import { makeProject } from "./project_fixture.ts";

const nothing = { fetch: () => new Response("an emulator") };

function gatewayTo(instances: readonly string[], more: Partial<GatewayOptions> = {}) {
  return createGateway({
    rest: nothing,
    auth: nothing,
    instancesOf: (name) => name === "echo" ? instances : [],
    ...more,
  });
}

const ECHO = `
  export default {
    async fetch(request) {
      const headers = new Headers();
      headers.append("set-cookie", "a=1; Path=/");
      headers.append("set-cookie", "b=2; Path=/");
      return Response.json({
        pid: Deno.pid,
        path: new URL(request.url).pathname + new URL(request.url).search,
        method: request.method,
        body: await request.text(),
        headers: Object.fromEntries(request.headers),
      }, { headers });
    },
  };
`;

Deno.test("a function sees its path, its body and where the caller came from", async () => {
  await using project = await makeProject({ echo: ECHO });
  const process = await startFunction({ ...project, name: "echo", mayReach: ["127.0.0.1:1"] });
  const route = gatewayTo([process.url]);
  const response = await route(
    new Request("http://project.test:54321/functions/v1/echo/a/b?c=d", {
      method: "POST",
      body: "streamed",
      headers: { "x-forwarded-for": "198.51.100.1", "cf-connecting-ip": "198.51.100.2" },
    }),
    "203.0.113.9",
  );
  assert.deepEqual(response.headers.getSetCookie(), ["a=1; Path=/", "b=2; Path=/"]);
  const { path, method, body, headers } = await response.json();
  assert.deepEqual([path, method, body], ["/echo/a/b?c=d", "POST", "streamed"]);
  assert.equal(headers["x-forwarded-host"], "project.test:54321");
  assert.equal(headers["x-forwarded-proto"], "http");
  assert.equal(headers["x-forwarded-for"], "198.51.100.1, 203.0.113.9");
  assert.equal(headers["cf-connecting-ip"], "203.0.113.9");
  await process.stop();
});

Deno.test("instances take turns, and one that is gone is 503 until it is back", async () => {
  await using project = await makeProject({ echo: ECHO });
  const options = { ...project, name: "echo", mayReach: ["127.0.0.1:1"] };
  const processes = await Promise.all([startFunction(options), startFunction(options)]);
  const route = gatewayTo(processes.map(({ url }) => url));
  const ask = () => route(new Request("http://project.test/functions/v1/echo"), "127.0.0.1");
  const pids = new Set<number>();
  for (let time = 0; time < 4; time++) pids.add((await (await ask()).json()).pid);
  assert.deepEqual(pids, new Set(processes.map(({ pid }) => pid)));

  await Promise.all(processes.map((process) => process.kill()));
  const refused = await ask();
  assert.deepEqual([refused.status, (await refused.json()).code], [503, "BOOT_ERROR"]);
  await Promise.all(processes.map((process) => process.restart()));
  assert.equal((await (await ask()).json()).path, "/echo");
  await Promise.all(processes.map((process) => process.stop()));
});

Deno.test("a path of no function and no emulator is 404, or the site's", async () => {
  const ask = async (route: ReturnType<typeof gatewayTo>, path: string) => {
    const response = await route(new Request(`http://project.test${path}`), "127.0.0.1");
    return [response.status, await response.text()];
  };
  const bare = gatewayTo([]);
  assert.equal((await ask(bare, "/functions/v1/unknown"))[0], 404);
  assert.equal((await ask(bare, "/"))[0], 404);
  assert.deepEqual(await ask(bare, "/rest/v1/rpc/x"), [200, "an emulator"]);
  const withSite = gatewayTo([], { site: { fetch: () => new Response("the site") } });
  assert.deepEqual(await ask(withSite, "/"), [200, "the site"]);
});

Deno.test("any site may ask the emulators, which take no cookies", async () => {
  const route = gatewayTo([]);
  const preflight = await route(
    new Request("http://project.test/rest/v1/rpc/x", {
      method: "OPTIONS",
      headers: { origin: "https://app.example", "access-control-request-headers": "apikey" },
    }),
    "127.0.0.1",
  );
  assert.equal(preflight.headers.get("access-control-allow-origin"), "*");
  assert.equal(preflight.headers.get("access-control-allow-headers"), "apikey");
  assert.equal(preflight.headers.get("access-control-allow-credentials"), null);
});
