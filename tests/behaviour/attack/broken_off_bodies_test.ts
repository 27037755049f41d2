import assert from "node:assert/strict";
import { openHttpFixture } from "../http/fixture.ts";

const fixture = await openHttpFixture();
Deno.test.afterAll(() => fixture.close());

const ROUTES = [
  ["unified-auth", "/unified-auth/login"],
  ["unified-auth", "/unified-auth/validate"],
  ["unified-auth", "/unified-auth/refresh"],
  ["unified-auth", "/unified-auth/logout"],
  ["validate-session", "/validate-session"],
] as const;

/** How the rest of a request says that a body follows, and what comes of it. */
const BODIES: Readonly<Record<string, string>> = {
  "fewer bytes than announced": 'Content-Length: 100\r\n\r\n{"refresh":',
  "no byte of those announced": "Content-Length: 100\r\n\r\n",
  "a chunk without an end": 'Transfer-Encoding: chunked\r\n\r\n5\r\n{"ref\r\n',
  "half a chunk": "Transfer-Encoding: chunked\r\n\r\n50\r\n{",
  "a chunk whose size is none": "Transfer-Encoding: chunked\r\n\r\nzz\r\n{}",
};

/** Straight to the function: a gateway would answer for it. */
async function sendAndHangUp(
  { port, path, rest }: { readonly port: number; readonly path: string; readonly rest: string },
): Promise<void> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const head = `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n`;
  await connection.write(new TextEncoder().encode(head + rest));
  await connection.closeWrite();
  // Until the server has given up too, so that no later connection takes its place.
  for await (const _ of connection.readable) { /* its answer, if it could send one */ }
}

Deno.test("a body that breaks off is a bad request at info, and nobody's alarm", async (test) => {
  for (const [name, path] of ROUTES) {
    const [process] = fixture.stack.functions[name] ?? [];
    assert.ok(process);
    const port = Number(new URL(process.url).port);
    for (const [what, rest] of Object.entries(BODIES)) {
      await test.step(`${path}: ${what}`, () => sendAndHangUp({ port, path, rest }));
    }
  }
  const wellFormed = ROUTES.length * (Object.keys(BODIES).length - 1);
  const requests = await fixture.readLog(({ msg }) => msg === "request", wellFormed);
  assert.ok(requests.length >= wellFormed, `${requests.length} requests were logged`);
  for (const { level, status, code } of requests) {
    assert.deepEqual({ level, status, code }, { level: "info", status: 400, code: "bad_json" });
  }
  const alarms = await fixture.readLog(({ level }) => level === "warn" || level === "error", 0);
  assert.deepEqual(alarms, []);
});
