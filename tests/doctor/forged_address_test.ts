import { testBroken } from "./broken.ts";
import { openDoctorFixture } from "./fixture.ts";

const fixture = await openDoctorFixture({ keepClientAddress: true });
Deno.test.afterAll(() => fixture.close());

testBroken(fixture, {
  when: "a client can write its own address into a header",
  check: "client_address",
  says: /can write its own address/,
  broken: null,
});

/** What a proxy in front does with the header that the functions take the address from. */
function tellingAddress(address: string) {
  return { changeRequest: (headers: Headers) => headers.set("cf-connecting-ip", address) };
}

testBroken(fixture, {
  when: "a client can write its address past a proxy that overwrites it",
  check: "client_address",
  says: /past the proxy can write their own address/,
  broken: tellingAddress("198.51.100.7"),
});
