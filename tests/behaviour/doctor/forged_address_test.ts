import { testBroken } from "./broken.ts";
import { assertFinding, openDoctorFixture } from "./fixture.ts";

const fixture = await openDoctorFixture({ keepClientAddress: true });
const guessable = await openDoctorFixture({
  environment: { SESSION_CLIENT_IP_HEADER: "x-real-ip" },
});
const healthy = await openDoctorFixture();
Deno.test.afterAll(async () => {
  for (const each of [fixture, guessable, healthy]) await each.close();
});

testBroken(fixture, {
  when: "a client can write its own address into a header",
  check: "client_address",
  says: /can write its own address/,
  broken: null,
});

/** A proxy that sets the header that the functions take the address from. */
function sendingAddress(address: string) {
  return { changeRequest: (headers: Headers) => headers.set("cf-connecting-ip", address) };
}

testBroken(fixture, {
  when: "a client can write its address past a proxy that overwrites it",
  check: "client_address",
  says: /past the proxy can write their own address/,
  broken: sendingAddress("198.51.100.7"),
});

/** As Cloudflare's edge answers, before every hosted project, callers that send its own header. */
function refuseForgedEdgeHeader({ headers }: Pick<Request, "headers">): Response | null {
  return headers.has("cf-connecting-ip") ? new Response("error code: 1000", { status: 403 }) : null;
}

testBroken(guessable, {
  when: "the header has a name that anybody can guess, behind an edge that refuses its own",
  check: "client_address",
  says: /can write its own address/,
  broken: { answer: refuseForgedEdgeHeader },
});

testBroken(healthy, {
  when: "a sign-in with a forged address is deferred, which proves nothing",
  check: "client_address",
  result: "not_checked",
  says: /it is not known/,
  broken: {
    answer: ({ headers }) =>
      headers.has("x-real-ip")
        ? Response.json({ code: "over_request_rate_limit" }, { status: 429 })
        : refuseForgedEdgeHeader({ headers }),
  },
});

Deno.test("client_address is ok when the edge refuses its own header and the others do not count", async () => {
  const findings = await healthy.runChecks({ answer: refuseForgedEdgeHeader });
  assertFinding(findings, "client_address", {
    result: "ok",
    says: /a client cannot write another/,
  });
  await healthy.sql`delete from public.sessions where true`;
});
