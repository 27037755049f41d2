import assert from "node:assert/strict";
import { setImmediate } from "node:timers";
import type { Proof } from "../../../client/src/key/prover.ts";
import { createBrowserKey } from "../../../client/src/key/browser_key.ts";
import { CLAIMS, createKeyFixture, type KeyFixture, verifyProof } from "./key_fixture.ts";

const thumbprint = async (proof: Proof): Promise<string> => (await verifyProof(proof)).thumbprint;

/** Waits until `work` settles, while three seconds pass again and again. */
async function whileTimePasses<T>(fixture: KeyFixture, work: Promise<T>): Promise<T> {
  let isDone = false;
  const done = work.finally(() => isDone = true);
  while (!isDone) {
    for (let turn = 0; turn < 200 && !isDone; turn++) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (!isDone) fixture.passDeadline();
  }
  return await done;
}

Deno.test("a proof is a DPoP JWT over method, URL and challenge, and each has another id", async () => {
  const { key } = createKeyFixture();
  const first = await verifyProof(
    await key.prove({ ...CLAIMS, challenge: "c-1" }, { creates: true }),
  );
  const { jti, ...claims } = first.claims;
  assert.deepEqual(claims, {
    htm: "POST",
    htu: CLAIMS.url,
    iat: 1_800_000_000,
    nonce: "c-1",
  });
  const second = await verifyProof(await key.prove({ ...CLAIMS, challenge: "c-2" }));
  assert.notEqual(second.claims.jti, jti);
  assert.equal(second.thumbprint, first.thumbprint);
});

Deno.test("a proof without a challenge, as for a sign-in, has no nonce", async () => {
  const { key } = createKeyFixture();
  const { claims } = await verifyProof(await key.prove(CLAIMS, { creates: true }));
  assert.equal("nonce" in claims, false);
});

Deno.test("a key is made only where one is asked for", async () => {
  const { key, calls } = createKeyFixture();
  assert.deepEqual(await key.prove(CLAIMS), { kind: "absent" });
  assert.equal(calls.includes("put"), false);
});

Deno.test("the private key cannot be exported, and another one is not used", async () => {
  const fixture = createKeyFixture();
  const pairs: CryptoKeyPair[] = [];
  const { generateKey } = fixture.subtle;
  fixture.subtle.generateKey = (async (...args: Parameters<typeof generateKey>) => {
    assert.equal(args[1], false, "extractable");
    const pair = await generateKey(args[0], true, args[2]) as CryptoKeyPair;
    pairs.push(pair);
    return pair;
  }) as typeof generateKey;
  assert.deepEqual(await fixture.key.prove(CLAIMS, { creates: true }), { kind: "unreadable" });
  assert.equal(pairs.length, 1);
});

Deno.test("contexts that make a key at once end with one", async () => {
  for (let round = 0; round < 20; round++) {
    const { key } = createKeyFixture();
    const proofs = await Promise.all([1, 2, 3].map(() => key.prove(CLAIMS, { creates: true })));
    assert.equal(new Set(await Promise.all(proofs.map(thumbprint))).size, 1);
  }
});

Deno.test("no connection stays open, and a key is read anew for each proof", async () => {
  const { key, open, calls } = createKeyFixture();
  await key.prove(CLAIMS, { creates: true });
  calls.length = 0;
  await key.prove(CLAIMS);
  await key.prove(CLAIMS);
  assert.deepEqual(calls, ["open", "get", "open", "get"]);
  assert.equal(open.size, 0);
});

Deno.test("a key is made before the transaction that stores it: Firefox ends one that waits", async () => {
  const fixture = createKeyFixture();
  const { generateKey } = fixture.subtle;
  fixture.subtle.generateKey = (async (...args: Parameters<typeof generateKey>) => {
    assert.equal(fixture.open.size, 0);
    return await generateKey(...args);
  }) as typeof generateKey;
  await verifyProof(await fixture.key.prove(CLAIMS, { creates: true }));
});

const changes = (call: string): boolean => ["generateKey", "put", "delete"].includes(call);

Deno.test("a key is stored once, lastingly, and without holding the other tabs up", async () => {
  const { key, transactions } = createKeyFixture();
  await key.prove(CLAIMS, { creates: true });
  await key.prove(CLAIMS, { creates: true });
  assert.deepEqual(transactions.filter(({ mode }) => mode === "readwrite"), [
    { mode: "readwrite", durability: "strict", isCommitted: true },
  ]);
});

for (const fault of ["open", "get"] as const) {
  Deno.test(`a key that could not be stored in time is not stored later: ${fault}`, async () => {
    const fixture = createKeyFixture();
    const { generateKey } = fixture.subtle;
    fixture.subtle.generateKey = (async (...args: Parameters<typeof generateKey>) => {
      fixture.faults[fault] = "hangs";
      return await generateKey(...args);
    }) as typeof generateKey;
    const proof = await whileTimePasses(fixture, fixture.key.prove(CLAIMS, { creates: true }));
    assert.deepEqual(proof, { kind: "unreadable" });
    fixture.faults[fault] = undefined;
    fixture.release();
    // Nobody waits behind the transaction that was given up.
    assert.deepEqual(await fixture.key.prove(CLAIMS), { kind: "absent" });
    fixture.subtle.generateKey = generateKey;
    await verifyProof(await fixture.key.prove(CLAIMS, { creates: true }));
    assert.equal(fixture.open.size, 0);
  });
}

const HANGS: Readonly<Record<string, KeyFixture["faults"]>> = {
  "opening never answers": { open: "hangs" },
  "reading never answers": { get: "hangs" },
};
for (const [name, faults] of Object.entries(HANGS)) {
  Deno.test(`${name}: the key is unreadable after three seconds, and there again later`, async () => {
    const fixture = createKeyFixture();
    const before = await thumbprint(await fixture.key.prove(CLAIMS, { creates: true }));
    Object.assign(fixture.faults, faults);
    fixture.calls.length = 0;
    const proof = await whileTimePasses(fixture, fixture.key.prove(CLAIMS, { creates: true }));
    assert.deepEqual(proof, { kind: "unreadable" });
    assert.deepEqual(fixture.calls.filter(changes), []);
    fixture.release();
    assert.equal(fixture.open.size, 0, "a success that came too late is closed");
    Object.assign(fixture.faults, { open: undefined, get: undefined });
    assert.equal(await thumbprint(await fixture.key.prove(CLAIMS, { creates: true })), before);
  });
}

const FAILURES: Readonly<Record<string, KeyFixture["faults"]>> = {
  "opening throws": { open: "throws" },
  "reading throws": { get: "throws" },
  "reading gives null": { get: "gives null" },
};
for (const [name, faults] of Object.entries(FAILURES)) {
  Deno.test(`${name}: no key is made, none is deleted, and it is the same afterwards`, async () => {
    const fixture = createKeyFixture();
    const before = await thumbprint(await fixture.key.prove(CLAIMS, { creates: true }));
    Object.assign(fixture.faults, faults);
    fixture.calls.length = 0;
    assert.deepEqual(await fixture.key.prove(CLAIMS, { creates: true }), { kind: "unreadable" });
    assert.deepEqual(fixture.calls.filter(changes), []);
    Object.assign(fixture.faults, { open: undefined, get: undefined });
    assert.equal(await thumbprint(await fixture.key.prove(CLAIMS, { creates: true })), before);
    assert.equal(fixture.open.size, 0);
  });
}

Deno.test("a key that cannot sign now is unreadable, and the same afterwards", async () => {
  const fixture = createKeyFixture();
  const before = await thumbprint(await fixture.key.prove(CLAIMS, { creates: true }));
  const { sign } = fixture.subtle;
  fixture.subtle.sign = () => Promise.reject(new DOMException("", "OperationError"));
  assert.deepEqual(await fixture.key.prove(CLAIMS, { creates: true }), { kind: "unreadable" });
  fixture.subtle.sign = sign;
  assert.equal(await thumbprint(await fixture.key.prove(CLAIMS)), before);
});

Deno.test("a store that refuses keys leaves a sign-in without a proof, and deletes nothing", async () => {
  const fixture = createKeyFixture();
  fixture.faults.put = "throws";
  const options = { creates: true, repairs: true };
  assert.deepEqual(await fixture.key.prove(CLAIMS, options), { kind: "unreadable" });
  assert.equal(fixture.calls.includes("delete"), false);
});

Deno.test("a key that does not come back from the store carries no proof, at a sign-in neither", async () => {
  const fixture = createKeyFixture();
  fixture.faults.get = "gives null once stored";
  assert.deepEqual(await fixture.key.prove(CLAIMS, { creates: true }), { kind: "unreadable" });
  const options = { creates: true, repairs: true };
  assert.deepEqual(await fixture.key.prove(CLAIMS, options), { kind: "unreadable" });
});

Deno.test("a new key whose signature does not verify carries no proof", async () => {
  const fixture = createKeyFixture();
  fixture.subtle.verify = () => Promise.resolve(false);
  assert.deepEqual(await fixture.key.prove(CLAIMS, { creates: true }), { kind: "unreadable" });
});

Deno.test("a sign-in replaces a key that cannot be read, once", async () => {
  const fixture = createKeyFixture();
  const before = await thumbprint(await fixture.key.prove(CLAIMS, { creates: true }));
  const { sign } = fixture.subtle;
  let isBroken = true;
  fixture.subtle.sign = (...args) =>
    isBroken ? Promise.reject(new DOMException("", "OperationError")) : sign(...args);
  const { generateKey } = fixture.subtle;
  fixture.subtle.generateKey = (async (...args: Parameters<typeof generateKey>) => {
    isBroken = false;
    return await generateKey(...args);
  }) as typeof generateKey;
  fixture.calls.length = 0;
  const options = { creates: true, repairs: true };
  const after = await thumbprint(await fixture.key.prove(CLAIMS, options));
  assert.notEqual(after, before);
  assert.equal(fixture.calls.filter((call) => call === "delete").length, 1);
});

Deno.test("a sign-in waits six seconds at most for a deletion that another tab blocks", async () => {
  const fixture = createKeyFixture();
  await fixture.key.prove(CLAIMS, { creates: true });
  Object.assign(fixture.faults, { open: "hangs", delete: "hangs" });
  let passed = 0;
  const { passDeadline } = fixture;
  const counting = { ...fixture, passDeadline: () => (passed++, passDeadline()) };
  const options = { creates: true, repairs: true };
  const proof = await whileTimePasses(counting, fixture.key.prove(CLAIMS, options));
  assert.deepEqual(proof, { kind: "unreadable" });
  assert.equal(passed, 2);
  fixture.release();
});

Deno.test("where no key can be kept there is no proof, and no error", async () => {
  const key = createBrowserKey(() => null);
  const options = { creates: true, repairs: true };
  assert.deepEqual(await key.prove(CLAIMS, options), { kind: "unreadable" });
});
