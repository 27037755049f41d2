import assert from "node:assert/strict";
import {
  ACCOUNT_LIMIT,
  NETWORK_LIMIT,
  PAIR_LIMIT,
} from "../../../supabase/functions/_shared/sessions/login_throttle.ts";
import { read } from "../../unit/functions/config_fixture.ts";
import { readDocument, readTableRows } from "./markdown.ts";

const page = await readDocument("docs/security.md");
const rows = readTableRows(page);

/** The cells of the rows whose first cell is one of these. */
function rowsOf(...names: readonly string[]): readonly (readonly string[])[] {
  return names.map((name) => rows.find(([first]) => first === name) ?? assert.fail(name));
}

Deno.test("every requirement has its row, with a source, an answer and a test", () => {
  const ids = Array.from({ length: 24 }, (_, at) => `R${at + 1}`);
  assert.deepEqual(rows.map(([id]) => id).filter((id) => /^R\d+$/.test(id ?? "")), ids);
  for (const [id = "", ...cells] of rowsOf(...ids)) {
    assert.equal(cells.length, 4, id);
    assert.ok(cells.every((cell) => cell.length > 5), id);
    assert.match(cells[3] ?? "", /^(tests\/\S+_test\.ts: ".+"(<br>)?)+$/, id);
  }
});

Deno.test("each of the ten traps of Supabase Auth's sign-in has its row, with a test", () => {
  const ids = Array.from({ length: 10 }, (_, at) => `T${at + 1}`);
  assert.deepEqual(rows.map(([id]) => id).filter((id) => /^T\d+$/.test(id ?? "")), ids);
  for (const [id = "", ...cells] of rowsOf(...ids)) {
    assert.match(cells[1] ?? "", /^(tests\/\S+_test\.ts: ".+"(<br>)?)+$/, id);
  }
});

Deno.test("every test that the page or docs/browsers.md names is there", async () => {
  const pages = page + await readDocument("docs/browsers.md");
  const named = [...pages.matchAll(/`(tests\/[\w/]+_test\.ts)`(?:: "(.+?)"(?=<br>| *\|))?/g)];
  assert.ok(named.length > 48);
  for (const [, file = "", name] of named) {
    const source = await readDocument(file);
    if (name === undefined) continue;
    // A template ends where its first expression begins.
    const isThere = source.includes(`"${name}"`) || source.includes(`\`${name}: \${`);
    assert.ok(isThere, `${file}: ${name}`);
  }
});

Deno.test("the throttle's numbers are those of the code", () => {
  const documented = rowsOf("account and network", "account", "network").map((cells) =>
    cells.slice(1).map((cell) => parseInt(cell))
  );
  const limits = [PAIR_LIMIT, ACCOUNT_LIMIT, NETWORK_LIMIT];
  assert.deepEqual(
    documented,
    limits.map((limit) => [limit.freeFailures, limit.forgiveSeconds, limit.maxDelaySeconds]),
  );
});

Deno.test("the limits are those of the code", () => {
  const defaults = read();
  const documented = rowsOf("disuse", "in all", "access token", "grace window", "sessions a user")
    .map(([, value]) => value);
  assert.deepEqual(documented, [
    `${defaults.refreshTtlSeconds / 86_400} days`,
    defaults.absoluteTtlSeconds === 0 ? "none" : "some",
    `${defaults.accessTtlSeconds / 60} minutes`,
    `${defaults.graceSeconds / 3600} hours`,
    String(defaults.maxSessionsPerUser),
  ]);
});

Deno.test("the settings for each level are accepted", () => {
  for (
    const [level = "", absolute = "", refresh = "", access = ""] of rowsOf("AAL1", "AAL2", "AAL3")
  ) {
    const config = read({
      SESSION_ABSOLUTE_TTL_SECONDS: absolute,
      SESSION_REFRESH_TTL_SECONDS: refresh,
      SESSION_ACCESS_TTL_SECONDS: access,
    });
    assert.equal(config.absoluteTtlSeconds, Number(absolute), level);
  }
});
