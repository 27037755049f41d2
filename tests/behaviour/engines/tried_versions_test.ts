import assert from "node:assert/strict";
import { describeOtherVersion, TRIED_VERSIONS } from "./tried_versions.ts";

Deno.test("another major version than the documented one is named, another minor one is not", () => {
  const { chromium, webkit } = TRIED_VERSIONS;
  assert.equal(describeOtherVersion("chromium", chromium.replace(/\..*/, ".9.9")), null);
  assert.equal(describeOtherVersion("webkit", `${webkit}.99`), null);
  assert.match(describeOtherVersion("chromium", "9.0") ?? "", /chromium is 9\.0/);
  assert.match(describeOtherVersion("webkit", "2.1.6") ?? "", /webkit is 2\.1\.6/);
});
