/** The example of `docs/sign-in.md`, as it stands there, in a page of Chromium. */

import assert from "node:assert/strict";
import { build, stop } from "esbuild";
import { readDocument } from "../docs/markdown.ts";
import { addTotp } from "../sign_in/authenticator.ts";
import { emailIn, openSignInStage, type Person, type SignInBrowser } from "./sign_in_stage.ts";
import { findTraces } from "./token_traces.ts";

const stage = await openSignInStage();
Deno.test.afterAll(() => stage.close());

const { app, issued, stack, withBrowsers } = stage;
const PROJECT = { url: stack.baseUrl, publishableKey: stack.keys.publishable };

/** The example for a page: what it exports is within reach, and `auth` as `session`. */
async function bundleExample(): Promise<string> {
  const page = await readDocument("docs/sign-in.md");
  const [, example = ""] = /^```ts check\n([\s\S]*?)^```$/m.exec(page) ?? [];
  try {
    const { outputFiles } = await build({
      stdin: {
        contents: `${example}
          Object.assign(globalThis, { session: auth, signInWithSupabase });`,
        loader: "ts",
        resolveDir: new URL("../../../", import.meta.url).pathname,
      },
      alias: {
        "@unified-auth/client": new URL("../../../client/src/index.ts", import.meta.url).pathname,
      },
      bundle: true,
      format: "iife",
      target: "es2022",
      write: false,
      logLevel: "silent",
    });
    return outputFiles[0]?.text ?? assert.fail("nothing was bundled");
  } finally {
    await stop(); // its process would outlive us
  }
}

const script = await bundleExample();

/** A page whose storages are watched: every write to one of them is kept. */
async function openExample({ page }: SignInBrowser): Promise<void> {
  await page.addInitScript(`
    globalThis.written = [];
    const { setItem } = Storage.prototype;
    Storage.prototype.setItem = function (key, value) {
      written.push(key + "=" + value);
      return setItem.call(this, key, value);
    };`);
  await page.goto(`${app}/example`);
  await page.addScriptTag({ content: script });
  assert.equal(await emailIn(page), null);
}

/** Runs the example with this way to sign in; answers what the exchange came to. */
function exchange(
  { page }: SignInBrowser,
  signIn: string,
): Promise<{ readonly kind: string; readonly code?: string }> {
  return page.evaluate(`signInWithSupabase(${JSON.stringify(PROJECT)}, ${signIn})`);
}

const byPassword = ({ email, password }: Person) =>
  `supabase.auth.signInWithPassword(${JSON.stringify({ email, password })})`;

async function assertNothingIsLeft({ page }: SignInBrowser, person: Person): Promise<void> {
  const written = await page.evaluate<readonly string[]>("written");
  assert.deepEqual(written.filter((text) => /eyJ|sb-|supabase/.test(text)), []);
  assert.deepEqual(await findTraces(page, { secrets: issued }), []);
  const [row] = await stage.sql`
    select count(*)::int as sessions from auth.sessions where user_id = ${person.id}`;
  assert.equal(row?.["sessions"], 0);
}

Deno.test("the documented exchange signs in and never writes a token of Supabase Auth into a storage", () =>
  withBrowsers(async (open) => {
    const [browser, person] = [await open(), await stage.createPerson()];
    await openExample(browser);
    const outcome = await exchange(
      browser,
      `async (supabase) => (await ${byPassword(person)}).data.session`,
    );
    assert.equal(outcome.kind, "signed-in");
    assert.equal(await emailIn(browser.page), person.email);
    await assertNothingIsLeft(browser, person);
  }));

Deno.test("the documented exchange takes a second factor that was given to supabase-js", () =>
  withBrowsers(async (open) => {
    const [browser, person] = [await open(), await stage.createPerson()];
    const authenticator = await addTotp(stack, person);
    await openExample(browser);
    const early = await exchange(
      browser,
      `async (supabase) => (await ${byPassword(person)}).data.session`,
    );
    assert.deepEqual([early.kind, early.code], ["refused", "mfa_required"]);
    await assertNothingIsLeft(browser, person);

    const factor = JSON.stringify({ factorId: authenticator.id, code: authenticator.code() });
    const outcome = await exchange(
      browser,
      `async (supabase) => {
        await ${byPassword(person)};
        await supabase.auth.mfa.challengeAndVerify(${factor});
        return (await supabase.auth.getSession()).data.session;
      }`,
    );
    assert.equal(outcome.kind, "signed-in");
    assert.equal((await stage.readSession(person))?.["aal"], "aal2");
    await assertNothingIsLeft(browser, person);
  }));
