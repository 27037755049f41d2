import assert from "node:assert/strict";
import { checkDocumentedVersion, TRIED_VERSIONS } from "./tried_versions.ts";

Deno.test("a browser of another major version than the documented one fails where all are required", () => {
  checkDocumentedVersion("chromium", TRIED_VERSIONS.chromium.replace(/\..*/, ".9.9"), true);
  checkDocumentedVersion("webkit", `${TRIED_VERSIONS.webkit}.99`, true);
  assert.throws(() => checkDocumentedVersion("chromium", "9.0", true), /set TRIED_VERSIONS/);
  assert.throws(() => checkDocumentedVersion("webkit", "2.1.6", true), /set TRIED_VERSIONS/);
});
