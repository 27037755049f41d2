import assert from "node:assert/strict";
import { openRelay } from "./relay.ts";

Deno.test("a relay drops the connection of the next POST when the server has answered it", async () => {
  let served = 0;
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => undefined }, () => {
    served++;
    return new Response("done");
  });
  // A connection for each request: one that was used before would make fetch send the POST again.
  using client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
  {
    await using relay = openRelay(new URL(`http://127.0.0.1:${server.addr.port}`));
    const post = () => fetch(relay.baseUrl, { method: "POST", client }).then((reply) => reply.text());
    assert.equal(await post(), "done");
    relay.dropNextPost();
    await assert.rejects(post());
    assert.equal(served, 2);
    assert.equal(await post(), "done");
    assert.equal(relay.posts, 2);
  }
  await server.shutdown();
});
