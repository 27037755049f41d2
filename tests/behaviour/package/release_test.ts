import assert from "node:assert/strict";
import { PROJECT } from "../../checks/check.ts";
import { release } from "../../../tools/release.ts";
import { openRelease, readVersions } from "../../../tools/release_files.ts";
import { run } from "./packed_client.ts";

Deno.test("the package and the OpenAPI document name one version", async () => {
  const versions = await readVersions(PROJECT);
  assert.equal(new Set(Object.values(versions)).size, 1, JSON.stringify(versions));
});

Deno.test("a release takes what the changelog calls unreleased", () => {
  const changelog = "# Changelog\n\n## Unreleased\n\n- New.\n\n## 0.1.0 (2026-01-01)\n\n- Old.\n";
  assert.equal(
    openRelease(changelog, { version: "0.2.0", date: "2026-11-29" }),
    "# Changelog\n\n## Unreleased\n\n## 0.2.0 (2026-11-29)\n\n- New.\n\n## 0.1.0 (2026-01-01)\n\n- Old.\n",
  );
  assert.throws(
    () => openRelease("# Changelog\n\n## Unreleased\n", { version: "1.0.0", date: "2026-11-29" }),
    /says nothing/,
  );
});

Deno.test("a release is packed, checked, committed and tagged, and a second one is refused", async () => {
  const directory = await Deno.makeTempDir({ prefix: "unified-auth-release-" });
  try {
    await run("git", ["clone", "--quiet", "--depth=1", `file://${PROJECT}`, "."], directory);
    await run("git", ["config", "user.name", "Release test"], directory);
    await run("git", ["config", "user.email", "release@example.com"], directory);
    await Deno.writeTextFile(`${directory}/.git/info/exclude`, "node_modules\n");
    await Deno.symlink(`${PROJECT}/node_modules`, `${directory}/node_modules`);
    assert.equal(await release(["7.8.9", "--tests-passed"], directory), 0);

    const versions = Object.values(await readVersions(directory));
    assert.deepEqual(versions, ["7.8.9", "7.8.9"]);
    assert.match(await Deno.readTextFile(`${directory}/CHANGELOG.md`), /^## 7\.8\.9 \(/m);
    assert.ok(await Deno.stat(`${directory}/unified-auth-client-7.8.9.tgz`));
    assert.equal(await run("git", ["describe", "--exact-match"], directory), "v7.8.9\n");
    await assert.rejects(release(["7.8.9", "--tests-passed"], directory), /exists already/);

    await Deno.writeTextFile(`${directory}/README.md`, "changed");
    await assert.rejects(release(["7.9.0", "--tests-passed"], directory), /not committed/);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
