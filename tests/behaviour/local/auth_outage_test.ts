import assert from "node:assert/strict";
import { insertPerson } from "../../harness/people.ts";
import { openTestServer } from "../../../local/testing/test_server.ts";
import { startFaultyStack } from "../../resilience/fault/faulty_stack.ts";
import { PASSWORD } from "../http/fixture.ts";

/** Of the emulator: each is called after a cut. */
const CONNECTIONS = 4;

const BCRYPT = /\$2a\$04\$/;

Deno.test("wherever the database's reply to a sign-in breaks off, the next right password signs in", async () => {
  await using scene = await openScene();
  const { database, signIn } = scene;
  // The reply to the check of the password is 37 bytes; from the 17th on it has named its one row.
  for (let bytes = 0; bytes < 37; bytes += 3) {
    database.setFault({ kind: "truncate", bytes, when: BCRYPT });
    assert.equal((await signIn()).status, 500, `the reply was cut at ${bytes}`);
    database.setFault(null);
    for (let again = 0; again < CONNECTIONS + 1; again += 1) {
      const { status, body } = await signIn();
      assert.equal(status, 200, `after a cut at ${bytes}: ${JSON.stringify(body)}`);
    }
  }
});

Deno.test("sign-ins whose connection is lost within their transaction keep none of its places", async () => {
  await using scene = await openScene();
  const { database, signIn } = scene;
  for (const when of [/begin/, /insert into auth\.mfa_amr_claims/]) {
    database.setFault({ kind: "truncate", bytes: 0, when });
    const lost = await Promise.all(Array.from({ length: 2 * CONNECTIONS }, signIn));
    // A connection that knows the statement already does not send its text, and is spared.
    assert.ok(lost.filter(({ status }) => status === 500).length >= CONNECTIONS, String(when));
    database.setFault(null);
    const { status, body } = await signIn();
    assert.equal(status, 200, `${when}: ${JSON.stringify(body)}`);
  }
});

/** One person who signs in, over a database whose replies may break off. */
async function openScene() {
  const server = await openTestServer();
  const network = await startFaultyStack(server, { functions: [] });
  const { stack, database } = network;
  const email = "person@example.com";
  const sql = stack.database.connect({ max: 1 });
  await insertPerson(sql, { id: crypto.randomUUID(), email, password: PASSWORD });
  const signIn = async () => {
    const response = await fetch(`${stack.baseUrl}/auth/v1/token?grant_type=password`, {
      method: "POST",
      headers: { apikey: stack.keys.publishable, "content-type": "application/json" },
      body: JSON.stringify({ email, password: PASSWORD }),
    });
    return { status: response.status, body: await response.json() };
  };
  assert.equal((await signIn()).status, 200);
  return {
    database,
    signIn,
    async [Symbol.asyncDispose]() {
      await network[Symbol.asyncDispose]();
      await server.close();
    },
  };
}
