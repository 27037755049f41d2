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
