import assert from "node:assert/strict";
import { browserEnvironment } from "../../../client/src/environment.ts";
import { createHttpTransport } from "../../../client/src/transport/http_transport.ts";
import type { BrowserKey } from "../../../client/src/key/prover.ts";
import type { Call } from "../../../client/src/transport/outcome.ts";
import { createKeyFixture, verifyProof } from "./key_fixture.ts";
import { createHarness } from "./client_harness.ts";

const VIEW = {
  valid: true,
  refreshed: true,
  user: { id: "u" },
  session: {
    id: "s",
    generation: 3,
    access_token_expires_in: 3600,
    refresh_token_expires_in: 2_592_000,
    bound: true,
    challenge: "c-9",
  },
};
const BASE = "https://example.test/functions/v1/unified-auth";
const unknownVisitor: Call = { signal: new AbortController().signal, trigger: "start" };
const knownVisitor: Call = { ...unknownVisitor, session: { challenge: "c-1" } };

const json = (body: unknown, status = 200) => Response.json(body, { status });
const proofRequired = (challenge: string) => json({ code: "proof_required", challenge }, 401);

/** A transport whose backend gives these answers in turn, the last again and again. */
function transportThatGets(
  answers: readonly (() => Response)[],
  key: BrowserKey = createKeyFixture().key,
) {
  const sent: Request[] = [];
  const transport = createHttpTransport({
    baseUrl: BASE,
    key,
    environment: { ...browserEnvironment(), fetch: respond },
  });
  return { transport, sent };

  function respond(input: string | Request, init?: RequestInit): Promise<Response> {
    sent.push(new Request(input, init));
    const answer = answers[sent.length - 1] ?? answers.at(-1);
    assert.ok(answer);
    return Promise.resolve(answer());
  }
}

const proofOf = async (request: Request | undefined) => {
  const jwt = request?.headers.get("dpop");
  return jwt ? (await verifyProof({ kind: "signed", jwt })) : null;
};

Deno.test("sign-in, refresh, validate and sign-out each carry a proof of the same key", async () => {
  const { transport, sent } = transportThatGets([() => json({ ...VIEW, signed_out: true })]);
  await transport.login({ email: "a@b.c", password: "p" }, unknownVisitor);
  await transport.refresh(knownVisitor);
  await transport.validate(knownVisitor);
  await transport.logout({ ...knownVisitor, scope: "global" });
  const proofs = await Promise.all(sent.map(proofOf));
  assert.deepEqual(
    proofs.map((proof) => [proof?.claims["htm"], proof?.claims["htu"], proof?.claims["nonce"]]),
    [
      ["POST", `${BASE}/login`, undefined],
      ["POST", `${BASE}/refresh`, "c-1"],
      ["POST", `${BASE}/validate`, "c-1"],
      ["POST", `${BASE}/logout`, "c-1"],
    ],
  );
  assert.equal(new Set(proofs.map((proof) => proof?.thumbprint)).size, 1);
});

Deno.test("a visitor who never signed in is given no key", async () => {
  const { transport, sent } = transportThatGets([
    () => json({ code: "refresh_token_missing" }, 401),
  ]);
  await transport.validate(unknownVisitor);
  assert.equal(await proofOf(sent[0]), null);
});

Deno.test("a session view brings the challenge of the next proof", async () => {
  const { transport } = transportThatGets([() => json(VIEW)]);
  const outcome = await transport.validate(knownVisitor);
  assert.ok(outcome.kind === "valid");
  assert.equal(outcome.challenge, "c-9");
});

Deno.test("'proof_required' is answered by a proof over its challenge, three proofs in all", async () => {
  for (const path of ["refresh", "validate"] as const) {
    const healed = transportThatGets([() => proofRequired("c-2"), () => json(VIEW)]);
    assert.equal((await healed.transport[path](unknownVisitor)).kind, "valid");
    assert.equal((await proofOf(healed.sent[1]))?.claims["nonce"], "c-2");

    let challenge = 2;
    const never = transportThatGets([() => proofRequired(`c-${challenge++}`)]);
    assert.deepEqual(await never.transport[path](knownVisitor), {
      kind: "unavailable",
      cause: "key",
    });
    const nonces = (await Promise.all(never.sent.map(proofOf))).map((proof) =>
      proof?.claims["nonce"]
    );
    assert.deepEqual(nonces, ["c-1", "c-2", "c-3"]);
  }
});

Deno.test("the challenge may also come as DPoP-Nonce, as RFC 9449 section 9 has it", async () => {
  const { transport, sent } = transportThatGets([
    () =>
      Response.json({ code: "proof_required" }, { status: 401, headers: { "dpop-nonce": "c-h" } }),
    () => json(VIEW),
  ]);
  await transport.refresh(knownVisitor);
  assert.equal((await proofOf(sent[1]))?.claims["nonce"], "c-h");
});

Deno.test("'proof_required' without a readable key is no end, and is not asked again", async () => {
  const fixture = createKeyFixture();
  fixture.faults.open = "throws";
  const { transport, sent } = transportThatGets([() => proofRequired("c-2")], fixture.key);
  const outcome = await transport.refresh(knownVisitor);
  assert.deepEqual(outcome, { kind: "unavailable", cause: "key" });
  assert.equal(sent.length, 1);
  assert.equal(fixture.calls.filter((call) => call === "open").length, 1);
});

Deno.test("'proof_key_unknown' asks for a sign-in: the key is lost", async () => {
  const { transport } = transportThatGets([() => json({ code: "proof_key_unknown" }, 401)]);
  const rejected = { kind: "rejected", reason: "key-lost" };
  assert.deepEqual(await transport.refresh(knownVisitor), rejected);
  assert.deepEqual(await transport.validate(knownVisitor), rejected);
});

Deno.test("without its key a browser still signs itself out, and says that the others are not", async () => {
  const { transport, sent } = transportThatGets([
    () => json({ code: "proof_key_unknown" }, 401),
    () => json({ signed_out: true }),
  ]);
  const outcome = await transport.logout({ ...knownVisitor, scope: "global" });
  assert.deepEqual(outcome, { kind: "rejected", reason: "key-lost" });
  assert.deepEqual(await sent[1]?.json(), { scope: "local" });
});

Deno.test("a superseded access token is refreshed, not refused", async () => {
  const { transport, sent } = transportThatGets([
    () => json({ code: "access_token_superseded" }, 401),
    () => json(VIEW),
  ]);
  assert.equal((await transport.validate(knownVisitor)).kind, "valid");
  assert.deepEqual(sent.map(({ url }) => url.slice(BASE.length)), ["/validate", "/refresh"]);
});

Deno.test("a lost key shows sign-in in place: the person and the page stay", async () => {
  const harness = createHarness();
  const tab = harness.openTab();
  await harness.advance(0);
  harness.server.script = () => ({ kind: "rejected", reason: "key-lost" });
  await tab.session.refresh();
  const { status, reason, user } = tab.session.getSnapshot();
  assert.deepEqual([status, reason, user?.id], ["ended", "key-lost", "ada"]);
  tab.session.dispose();
});

Deno.test("a key that cannot be read leaves the session unverified; after a while sign-in is offered", async () => {
  const harness = createHarness();
  const tab = harness.openTab();
  const other = harness.openTab();
  await harness.advance(0);
  harness.server.script = () => ({ kind: "unavailable", cause: "key" });
  await harness.advance(59 * 60_000);
  assert.equal(tab.session.getSnapshot().status, "active", "the access token still works");
  assert.equal(tab.session.getSnapshot().reason, null);
  await harness.advance(2 * 60_000);
  const offered = await untilOffered();
  assert.deepEqual(offered, ["degraded", "key-unreadable", "ada"]);
  assert.equal(other.session.getSnapshot().reason, "key-unreadable");
  assert.equal(tab.count("signed-out") + tab.count("session-ended"), 0);

  harness.server.script = undefined;
  await harness.advance(6 * 60_000);
  assert.equal(tab.session.getSnapshot().status, "active");
  assert.equal(tab.session.getSnapshot().reason, null);
  tab.session.dispose();
  other.session.dispose();

  async function untilOffered() {
    for (let minute = 0; minute < 6 && !tab.session.getSnapshot().reason; minute++) {
      await harness.advance(60_000);
    }
    const { status, reason, user } = tab.session.getSnapshot();
    return [status, reason, user?.id];
  }
});

Deno.test("sign-in is not offered for a key that is hidden for a minute, as behind a frozen tab", async () => {
  const harness = createHarness();
  const tab = harness.openTab();
  await harness.advance(0);
  await harness.sleep(2 * 3_600_000);
  harness.server.script = () => ({ kind: "unavailable", cause: "key" });
  await tab.session.check();
  for (let second = 0; second < 60; second++) {
    await harness.advance(1_000);
    assert.deepEqual(tab.session.getSnapshot().reason, null);
  }
  assert.equal(tab.session.getSnapshot().status, "degraded");
  harness.server.script = undefined;
  await tab.session.check();
  assert.equal(tab.session.getSnapshot().status, "active");
  tab.session.dispose();
});

Deno.test("all tabs sign over the challenge that one of them was given", async () => {
  const harness = createHarness();
  const [first, second] = [harness.openTab(), harness.openTab()];
  const challenges: (string | undefined)[] = [];
  const { validate, refresh } = harness.server.transport;
  Object.assign(harness.server.transport, {
    validate: async (call: Call) => ({ ...await validate(call), challenge: "c-7" }),
    refresh: (call: Call) => {
      challenges.push(call.session?.challenge);
      return refresh(call);
    },
  });
  await harness.advance(0);
  await second.session.refresh();
  await first.session.refresh();
  assert.deepEqual(challenges, ["c-7", undefined]);
  first.session.dispose();
  second.session.dispose();
});
