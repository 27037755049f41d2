import assert from "node:assert/strict";
import {
  type AccessClaims,
  type AccessTokens,
} from "../../../supabase/functions/_shared/tokens/access_token.ts";
import { rememberGenuineTokens } from "../../../supabase/functions/_shared/tokens/access_token_memory.ts";
import { CLAIMS as claims, tokens } from "./access_token_fixture.ts";

const GRACE_SECONDS = 43_200;

/** A memory over the real signer and verifier, which counts what comes through to that. */
function createMemory({ capacity = 100, nowMs = () => claims.issuedAt * 1000 } = {}) {
  let verified = 0;
  const counted: AccessTokens = {
    sign: tokens.sign,
    recall: tokens.recall,
    verify: (raw) => {
      verified += 1;
      return tokens.verify(raw);
    },
  };
  const memory = rememberGenuineTokens(counted, { capacity, graceSeconds: GRACE_SECONDS, nowMs });
  return {
    ...memory,
    /** How many signatures were checked meanwhile. */
    async checks(run: () => Promise<unknown>) {
      const before = verified;
      await run();
      return verified - before;
    },
  };
}

/** Signed by another process with the same keys. */
async function signByAnother(changes: Partial<AccessClaims> = {}): Promise<string> {
  return (await tokens.sign({ ...claims, ...changes })).token;
}

Deno.test("a genuine token's signature is checked once", async () => {
  const { verify, checks } = createMemory();
  const token = await signByAnother();
  assert.equal(await checks(() => verify(token)), 1);
  assert.equal(await checks(() => verify(token)), 0);
  assert.deepEqual(await verify(token), await tokens.verify(token));
});

Deno.test("a token that was signed here is known already, and says what its signature would", async () => {
  const { sign, verify, checks } = createMemory();
  const variants: Partial<AccessClaims>[] = [
    {},
    { email: null, appMetadata: null },
    { amr: [{ method: "password", timestamp: 1 }], appMetadata: { roles: ["a", { b: null }] } },
    { appMetadata: { text: "x".repeat(5_000) } }, // no room for it
  ];
  for (const changes of variants) {
    const { token } = await sign({ ...claims, ...changes });
    assert.equal(await checks(() => verify(token)), 0);
    assert.deepEqual(await verify(token), await tokens.verify(token));
  }
});

Deno.test("a token that differs from a known one anywhere is checked, each time", async () => {
  const { verify, checks } = createMemory();
  const token = await signByAnother();
  await verify(token);
  for (let at = 0; at < token.length; at += 5) {
    if (token[at] === ".") continue;
    const other = `${token.slice(0, at)}${token[at] === "A" ? "B" : "A"}${token.slice(at + 1)}`;
    assert.equal(await checks(() => verify(other)), 1);
    if ((await verify(other)).kind === "invalid") {
      assert.equal(await checks(() => verify(other)), 1, "a refusal is not remembered");
    }
  }
});

Deno.test("forged tokens drive no genuine one out", async () => {
  const { verify, checks } = createMemory({ capacity: 4 });
  const token = await signByAnother();
  await verify(token);
  for (let index = 0; index < 50; index += 1) await verify(`${token}${index}`);
  assert.equal(await checks(() => verify(token)), 0);
});

Deno.test("no more tokens are kept than there is room for, and those in use stay", async () => {
  const { verify, checks } = createMemory({ capacity: 8 });
  const inUse = await signByAnother();
  const others = await Promise.all(
    Array.from({ length: 40 }, (_, index) => signByAnother({ generation: index + 2 })),
  );
  await verify(inUse);
  for (const token of others) {
    await verify(token);
    assert.equal(await checks(() => verify(inUse)), 0);
  }
  const forgotten = await checks(async () => {
    for (const token of others) await verify(token);
  });
  assert.ok(forgotten >= others.length - 8, `${forgotten} of ${others.length} were forgotten`);
});

Deno.test("a token is forgotten when its grace window has elapsed", async () => {
  let nowMs = claims.issuedAt * 1000;
  const { verify, checks } = createMemory({ nowMs: () => nowMs });
  const token = await signByAnother();
  await verify(token);
  nowMs = (claims.expiresAt + GRACE_SECONDS) * 1000 - 1;
  assert.equal(await checks(() => verify(token)), 0);
  nowMs += 1;
  assert.equal(await checks(() => verify(token)), 1);
  assert.equal(await checks(() => verify(token)), 1, "and not kept again");
});
