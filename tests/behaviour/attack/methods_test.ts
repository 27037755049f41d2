import assert from "node:assert/strict";
import { openHttpFixture } from "../http/fixture.ts";

const fixture = await openHttpFixture();
Deno.test.afterAll(() => fixture.close());

/** The head of the answer. `fetch` does not send every method, so the request is written by hand. */
async function send(
  { url, method, path }: { readonly url: string; readonly method: string; readonly path: string },
): Promise<string> {
  const { hostname, port, host } = new URL(url);
  using connection = await Deno.connect({ hostname, port: Number(port) });
  const request = `${method} ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
  await connection.write(new TextEncoder().encode(request));
  let answer = "";
  const decoder = new TextDecoder();
  for await (const bytes of connection.readable) answer += decoder.decode(bytes, { stream: true });
  return answer.split("\r\n\r\n")[0]?.toLowerCase() ?? "";
}

Deno.test("a method that no route has is 405 with the methods that there are, TRACE too", async () => {
  const [unifiedAuth] = fixture.stack.functions["unified-auth"] ?? [];
  assert.ok(unifiedAuth);
  const places = [
    { url: fixture.stack.baseUrl, prefix: "/functions/v1" },
    { url: unifiedAuth.url, prefix: "" },
  ];
  for (const { url, prefix } of places) {
    for (const method of ["TRACE", "PUT", "PATCH", "PROPFIND"]) {
      for (const route of ["login", "validate", "sessions", "health"]) {
        const path = `${prefix}/unified-auth/${route}`;
        const head = await send({ url, method, path });
        assert.match(head, /^http\/1\.1 405 /, `${method} ${url}${path}`);
        assert.match(head, /\r\nallow: [a-z]/, `${method} ${url}${path}`);
      }
    }
  }
});
