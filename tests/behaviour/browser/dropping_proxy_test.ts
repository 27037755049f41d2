import assert from "node:assert/strict";
import { startDroppingProxy } from "./dropping_proxy.ts";

Deno.test("a dropping proxy hangs up on the next POST when the server has done its work", async () => {
  let served = 0;
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => undefined }, () => {
    served++;
    return new Response("done");
  });
  {
    await using proxy = startDroppingProxy(server.addr);
    assert.match(await post(proxy.baseUrl), /done$/);
    proxy.drop("POST ", 1);
    assert.equal(await post(proxy.baseUrl), "");
    assert.equal(served, 2);
    assert.match(await post(proxy.baseUrl), /done$/);
    assert.deepEqual([proxy.dropped(), proxy.seen()], [1, 2]);
  }
  await server.shutdown();
});

/** All that comes back on a connection of its own; `fetch` would hide that it was dropped. */
async function post(baseUrl: string): Promise<string> {
  const { hostname, port } = new URL(baseUrl);
  const connection = await Deno.connect({ hostname, port: Number(port) });
  await connection.write(
    new TextEncoder().encode(
      "POST / HTTP/1.1\r\nhost: proxy\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
    ),
  );
  return await new Response(connection.readable).text();
}
