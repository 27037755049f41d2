import assert from "node:assert/strict";
import { openTestServer } from "../../local/testing.ts";
import { startFaultyStack } from "../fault/faulty_stack.ts";
import { PASSWORD } from "../http/fixture.ts";
import { insertPerson } from "../http/people.ts";

/** Of the door: each is asked after a cut. */
const CONNECTIONS = 4;

const BCRYPT = /\$2a\$04\$/;

Deno.test("wherever the database's reply to a sign-in breaks off, the next right password signs in", async () => {
  await using server = await openTestServer();
  await using network = await startFaultyStack(server, { functions: [] });
  const { stack, database } = network;
  const person = { id: crypto.randomUUID(), email: "person@example.com", password: PASSWORD };
  await insertPerson(stack.database.connect({ max: 1 }), person);

  const signIn = async () => {
    const { email, password } = person;
    const response = await fetch(`${stack.baseUrl}/auth/v1/token?grant_type=password`, {
      method: "POST",
      headers: { apikey: stack.keys.publishable, "content-type": "application/json" },
      body: JSON.stringify({ email, password }),
    });
    return { status: response.status, body: await response.json() };
  };
  assert.equal((await signIn()).status, 200);
  // The reply to the check of the password is 37 bytes; from the 17th on it has told its one row.
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
