import assert from "node:assert/strict";
import { openRelay } from "./relay.ts";

Deno.test("a relay drops the connection of the next POST when the server has answered it", async () => {
  let served = 0;
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => undefined }, () => {
    served++;
    return new Response("done");
  });
  {
    await using relay = openRelay(new URL(`http://127.0.0.1:${server.addr.port}`));
    assert.match(await post(relay.baseUrl), /done$/);
    relay.dropNextPost();
    assert.equal(await post(relay.baseUrl), "");
    assert.equal(served, 2);
    assert.match(await post(relay.baseUrl), /done$/);
    assert.equal(relay.posts, 2);
  }
  await server.shutdown();
});

/** All that comes back on a connection of its own; `fetch` would hide that it was dropped. */
async function post(baseUrl: string): Promise<string> {
  const { hostname, port } = new URL(baseUrl);
  const connection = await Deno.connect({ hostname, port: Number(port) });
  await connection.write(
    new TextEncoder().encode(
      "POST / HTTP/1.1\r\nhost: relay\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
    ),
  );
  return await new Response(connection.readable).text();
}
