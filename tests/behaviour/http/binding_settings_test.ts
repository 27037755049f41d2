import assert from "node:assert/strict";
import { ageSession } from "../../../local/testing/aging.ts";
import { codeOf, viewOf } from "./browser.ts";
import { type HttpFixture, openHttpFixture } from "./fixture.ts";
import { createProofKey } from "./proof_key.ts";

const YEAR_SECONDS = 300 * 86_400;

/** Signs in with a key, and comes back with another one after so long. */
async function comeBackWithAnotherKey(
  environment: Readonly<Record<string, string>>,
  seconds: number,
): Promise<string> {
  return await withProject(
    { SESSION_REFRESH_TTL_SECONDS: String(YEAR_SECONDS + 86_400), ...environment },
    async (project) => {
      const { browser, sessionId } = await project.signIn({ key: await createProofKey() });
      await ageSession(project.sql, sessionId, seconds);
      browser.key = await createProofKey();
      return codeOf(await browser.refresh());
    },
  );
}

async function withProject<Result>(
  environment: Readonly<Record<string, string>>,
  run: (project: HttpFixture) => Promise<Result>,
): Promise<Result> {
  const project = await openHttpFixture({ functions: ["unified-auth"], environment });
  try {
    return await run(project);
  } finally {
    await project.close();
  }
}

Deno.test("another key takes a session over always, after a time, or never, as the setting says", async () => {
  const after = (SESSION_REBIND_AFTER_SECONDS: string, seconds: number) =>
    comeBackWithAnotherKey({ SESSION_REBIND_AFTER_SECONDS }, seconds);
  assert.equal(await after("0", 90), "200");
  assert.equal(await after("7200", 7_100), "proof_key_unknown");
  assert.equal(await after("7200", 7_300), "200");
  assert.equal(await after("never", YEAR_SECONDS), "proof_key_unknown");
});

Deno.test("with binding off, or several origins before one jar, a proof binds nothing and none is wanted", async () => {
  for (
    const environment of [
      { SESSION_BINDING: "off" },
      { SESSION_ALLOWED_ORIGINS: "https://app.example.com,https://admin.example.com" },
    ]
  ) {
    await withProject(environment, async (project) => {
      const key = await createProofKey();
      const { browser, sessionId, view } = await project.signIn({ key });
      assert.equal(view.session.bound, false);
      for (const proof of ["junk", null, undefined]) {
        await ageSession(project.sql, sessionId, 120);
        const answer = await browser.refresh(proof === undefined ? {} : { proof });
        assert.equal(viewOf(answer).session.bound, false);
      }
      assert.equal((await project.readSession(sessionId))["key_thumbprint"], null);
    });
  }
});
